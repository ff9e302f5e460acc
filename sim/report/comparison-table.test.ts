import assert from "node:assert/strict";
import { test } from "node:test";
import { compare, type Comparison } from "../engine/comparison.ts";
import { placementPolicies } from "../engine/policies.ts";
import { aTracePod, SMALL_NODE } from "../engine/test-trace.ts";
import { comparisonJson } from "./comparison-json.ts";
import { comparisonTable } from "./comparison-table.ts";

const STATIC = Array.from({ length: 8 }, (_, index) =>
  aTracePod({ id: `p${index}`, app: `app-${index % 2}` }),
);
const TIMED = STATIC.map((pod, index) => ({ ...pod, createSeconds: index * 60, deleteSeconds: 900 }));

function comparison(pods: typeof STATIC): Comparison {
  return compare({
    trace: "eight.csv",
    pods,
    policies: placementPolicies(),
    fleet: { kind: "auto", nodeSize: SMALL_NODE },
    seed: 1,
    profiles: {},
  });
}

test("a trace without times is shown grouped and shuffled, one with times once, with averages", () => {
  const text = comparisonTable(comparison(STATIC), { hasColour: false });
  assert.match(text, /^eight\.csv: 8 pods of 2 apps, as many nodes of 8 CPU and 16Gi as needed, seed 1\n/);
  assert.match(text, /pods arrive app by app\n/);
  assert.match(text, /pods arrive in random order\n/);
  assert.doesNotMatch(text, /on average/);
  const timed = comparisonTable(comparison(TIMED), { hasColour: false });
  assert.match(timed, /at the peak of running pods\n/);
  assert.match(timed, /on average over the time/);
});

test("columns line up, and mesh memory stands before and after", () => {
  const [, table = ""] = comparisonTable(comparison(TIMED), { hasColour: false }).split("\n\n");
  const [, head = "", ...rows] = table.split("\n");
  assert.equal(rows.length, 6);
  const column = head.indexOf("reuse") + "reuse".length;
  for (const row of rows) assert.match(row.slice(0, column), /\d\.\d\d$/);
  assert.match(rows[5] ?? "", /^berth .*2\.0 GiB → \d+\.\d MiB {2}−\d+ %/);
});

test("colour is given only where it is wanted, and changes nothing else", () => {
  const value = comparison(STATIC);
  const plain = comparisonTable(value, { hasColour: false });
  const coloured = comparisonTable(value, { hasColour: true });
  const escape = String.fromCharCode(27);
  assert.ok(!plain.includes(escape));
  assert.ok(coloured.includes(`${escape}[32m`));
  assert.equal(coloured.replaceAll(new RegExp(`${escape}\\[\\d+m`, "g"), ""), plain);
});

test("the same inputs give the same bytes, and figures that do not exist are null", () => {
  const json = comparisonJson(comparison(STATIC));
  assert.equal(json, comparisonJson(comparison(STATIC)));
  const { runs } = JSON.parse(json) as Comparison;
  assert.equal(runs.length, 12);
  assert.equal(runs[0]?.average, null);
});

test("what is saved is a share of what quarter sidecars take, each order by itself", () => {
  for (const run of comparison(STATIC).runs) {
    const before = 8 * 256 * 1024 ** 2;
    assert.equal(run.peak.memorySavedShare, 1 - run.peak.meshMemoryBytesGranted / before);
  }
});
