import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { PROJECT_ROOT, typeScriptFiles } from "./project-files.ts";
import { type Token, tokensOf } from "./source-tokens.ts";

// A longer file holds more than one concept; most stay near 100 lines.
const LINES_MAX = 400;

// Written so that this file does not find itself.
const UNFINISHED = [
  /\b(T[O]DO|F[I]XME|X[X]X|H[A]CK)\b/,
  /\bst[u]b(s|bed)?\b|\bunimpleme[n]ted\b|\bnot impleme[n]ted yet\b/i,
];

const sources = typeScriptFiles().map((path) => ({
  path,
  source: readFileSync(join(PROJECT_ROOT, path), "utf8"),
}));

test("files were read at all", () => {
  assert.ok(sources.length > 0);
});

test(`no file is longer than ${LINES_MAX} lines`, () => {
  const long = sources
    .map(({ path, source }) => ({ path, lines: source.trimEnd().split("\n").length }))
    .filter(({ lines }) => lines > LINES_MAX);
  assert.deepEqual(long, []);
});

test("nothing is left for later", () => {
  const unfinished = sources.flatMap(({ path, source }) =>
    source
      .split("\n")
      .flatMap((line, index) => (isUnfinished(line) ? [`${path}:${index + 1}: ${line.trim()}`] : [])),
  );
  assert.deepEqual(unfinished, []);
});

test("the words for unfinished work are found, and words that contain them are not", () => {
  for (const halves of [
    ["// TO", "DO later"],
    ["const st", "ub = 1;"],
    ["// Not impleme", "nted yet."],
  ]) {
    assert.ok(isUnfinished(halves.join("")), halves.join("|"));
  }
  assert.equal(isUnfinished("stubborn todos in a hackathon"), false);
});

test("no test is singled out or left out for good", () => {
  const found = sources.flatMap(({ path, source }) =>
    singledOut(tokensOf(source)).map((line) => `${path}:${line}`),
  );
  assert.deepEqual(found, []);
});

test("a test that is singled out is found, one that is skipped for a reason is not", () => {
  const singled = ["test.only('a')", "it.skip('a')", "describe.todo('a')", "test('a', { only: true }, f)"];
  for (const source of [...singled, "test('a', { skip: true }, f)", "test('a', { todo: true })"]) {
    assert.deepEqual(singledOut(tokensOf(source)), [1], source);
  }
  const conditional =
    "test('a', { skip: hasCgroups ? false : 'no cgroups here' }, f); list.skip(1); t.skip('no IPv6');";
  assert.deepEqual(singledOut(tokensOf(conditional)), []);
});

function isUnfinished(line: string): boolean {
  return UNFINISHED.some((pattern) => pattern.test(line));
}

function singledOut(tokens: readonly Token[]): readonly number[] {
  return tokens.flatMap(({ text, line }, index) => {
    if (!["only", "skip", "todo"].includes(text)) return [];
    const [twoBefore, before, after, twoAfter] = [-2, -1, 1, 2].map((step) => tokens[index + step]?.text);
    const isMethod = before === "." && ["test", "it", "describe", "suite"].includes(twoBefore ?? "");
    const isOption = after === ":" && twoAfter === "true";
    return isMethod || isOption ? [line] : [];
  });
}
