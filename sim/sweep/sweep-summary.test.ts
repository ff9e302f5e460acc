import assert from "node:assert/strict";
import { test } from "node:test";
import { summaryTable } from "./summary-table.ts";
import { sweepSummary } from "./sweep-summary.ts";
import type { TaskResult } from "./task-results.ts";

function aResult(policy: string, seed: number, nodesUsed: number, nodes?: number): TaskResult {
  return {
    version: "0",
    inputs: [],
    point: { policy, seed, parameters: {}, ...(nodes !== undefined && { nodes }) },
    runs: [{ base: "b", order: "file", figures: { nodesUsed, reuse: null } }],
  };
}

test("differences are taken seed by seed, so that what a seed does to all policies alike is no spread", () => {
  const results = [10, 40, 25].flatMap((nodes, seed) => [
    aResult("default", seed, nodes),
    aResult("berth", seed, nodes - 2),
  ]);
  const { groups } = sweepSummary(results, "default");
  const [byDefault, berth] = groups;
  assert.equal(byDefault?.figures["nodesUsed"]?.difference, null);
  assert.equal(byDefault?.figures["nodesUsed"]?.mean, 25);
  assert.deepEqual(berth?.figures["nodesUsed"]?.difference, { pairs: 3, mean: -2, halfWidth: 0 });
  assert.equal("reuse" in (berth?.figures ?? {}), false);
});

test("the interval is t times the standard error", () => {
  const results = [1, 2, 3, 4].flatMap((gain, seed) => [aResult("a", seed, 0), aResult("b", seed, gain)]);
  const difference = sweepSummary(results, "a").groups[1]?.figures["nodesUsed"]?.difference;
  assert.equal(difference?.mean, 2.5);
  // s = 1.29099, n = 4, t(3) = 3.18245.
  assert.ok(Math.abs((difference?.halfWidth ?? 0) - (3.18245 * 1.2909944) / 2) < 1e-4);
});

test("seeds without a partner and other settings are not paired", () => {
  const results = [
    aResult("a", 1, 5, 10),
    aResult("b", 1, 3, 10),
    aResult("b", 2, 9, 10),
    aResult("b", 1, 7, 20),
  ];
  const { groups } = sweepSummary(results, "a");
  assert.deepEqual(
    groups.map(({ policy, nodes, seeds, figures }) => [
      policy,
      nodes,
      seeds,
      figures["nodesUsed"]?.difference,
    ]),
    [
      ["a", 10, 1, null],
      ["b", 10, 2, { pairs: 1, mean: -2, halfWidth: null }],
      ["b", 20, 1, null],
    ],
  );
  const table = summaryTable({ baseline: "a", baselineSizing: null, groups }, { hasColour: false });
  assert.match(
    table,
    /^10 nodes, base b, order file\npolicy +seeds +nodes\na +1 +5\.0\nb +2 +6\.0 \[−2\.0\]\n/,
  );
});

test("ways to size proxies are paired under the same policy, and stand in tables and charts of their own", () => {
  const results = [1, 2, 3].map((seed): TaskResult => {
    const result = aResult("berth", seed, 10);
    const sized = (sizing: string, oomKills: number) => ({
      base: "b",
      order: "file",
      sizing,
      figures: { oomKills, throttledShare: 0.5 },
    });
    const runs = [...result.runs, sized("template", 8 + seed), sized("feedback", seed)];
    return Object.assign(result, { runs });
  });
  const summary = sweepSummary(results, "berth", "template");
  assert.deepEqual(
    summary.groups.map(({ sizing, figures }) => [sizing, figures["oomKills"]?.difference?.mean]),
    [
      [null, undefined],
      ["template", undefined],
      ["feedback", -8],
    ],
  );
  const table = summaryTable(summary, { hasColour: false });
  assert.match(table, /berth +feedback +3 +50\.0 % \[\+0\.0 % ± 0\.0 %\] +2\.0 \[−8\.0 ± 0\.0\]/);
  assert.match(table, /in brackets the difference to sizing template/);
});
