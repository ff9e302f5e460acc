import assert from "node:assert/strict";
import { test } from "node:test";
import { readStateText, stateText } from "./state-text.ts";

const random = (seed: number): string => String(Math.sin(seed)).slice(2);

test("what is written is read", () => {
  const entries = new Map([["node/a", { lastMs: 5, state: { x: [1, 2.5, null] } }]]);
  const { text, leftOut } = stateText(entries, 1_000);
  assert.equal(leftOut, 0);
  assert.deepEqual(readStateText(text), entries);
});

test("where not everything fits, the newest entries do, and the others are counted", () => {
  const entries = new Map(
    Array.from(
      { length: 500 },
      (_, index) => [`node/${index}`, { lastMs: index, state: random(index) }] as const,
    ),
  );
  const { text, leftOut } = stateText(entries, 4_000);
  assert.ok(text.length <= 4_000 && text.length > 3_000, String(text.length));
  const read = readStateText(text);
  assert.ok(typeof read !== "string");
  assert.equal(read.size + leftOut, 500);
  assert.equal(Math.min(...[...read.values()].map(({ lastMs }) => lastMs)), leftOut);
});

test("a text that would unpack without end is damaged", () => {
  const entries = new Map([["node/a", { lastMs: 5, state: "x".repeat(17 * 1024 ** 2) }]]);
  assert.equal(readStateText(stateText(entries, 1e9).text), "corrupt");
});
