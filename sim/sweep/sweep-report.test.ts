import assert from "node:assert/strict";
import { test } from "node:test";
import { reportPage } from "../report/html/report-page.ts";
import { sweepReport } from "./sweep-report.ts";
import { sweepSummary } from "./sweep-summary.ts";
import { sweepTables } from "./sweep-tables.ts";
import type { TaskResult } from "./task-results.ts";

function aResult(policy: string, seed: number, nodesUsed: number): TaskResult {
  const figures = { nodesUsed, nodesBound: 10, instances: 2 * nodesUsed, reuse: null };
  return {
    version: "0",
    inputs: [],
    point: { policy, seed, parameters: { "mesh.podsPerNodeMax": 3 } },
    runs: [{ base: "b", order: "file", figures }],
  };
}

const PROVENANCE = { version: "0", seed: "1, 2, 3", inputs: [], options: [] };

function reported(results: readonly TaskResult[]) {
  const summary = sweepSummary(results, "default");
  return sweepReport({ name: "s", summary, tasks: results.length, provenance: PROVENANCE });
}

test("a change is coloured only where its interval leaves zero out", () => {
  const sure = reported(
    [20, 22, 24].flatMap((nodes, seed) => [
      aResult("default", seed, nodes),
      aResult("berth", seed, nodes - 5),
    ]),
  );
  assert.deepEqual(sure.changes[0], {
    name: "nodes in use",
    before: "22.0",
    after: "17.0",
    difference: "−22.7 ± 0.0 %",
    isBetter: true,
  });
  const unsure = reported(
    [-9, 0, 8].flatMap((gain, seed) => [aResult("default", seed, 20), aResult("berth", seed, 20 + gain)]),
  );
  assert.equal(unsure.changes[0]?.isBetter, undefined);
});

test("bars have their interval and their bound, and titles are questions", () => {
  const document = reported(
    [20, 22, 24].flatMap((nodes, seed) => [
      aResult("default", seed, nodes),
      aResult("berth", seed, nodes - 5),
    ]),
  );
  assert.deepEqual(
    document.sections.filter(({ title }) => !title.endsWith("?")),
    [],
  );
  const [chart] = document.sections[0]?.blocks ?? [];
  assert.ok(chart?.kind === "bars");
  const bar = chart.bars.find(({ isOurs }) => isOurs);
  assert.deepEqual([bar?.value, bar?.bound], [17, 10]);
  // s = 2, n = 3, t(2) = 4.30265.
  assert.ok(Math.abs((bar?.halfWidth ?? 0) - (4.30265 * 2) / Math.sqrt(3)) < 1e-3);
  const page = reportPage(document);
  assert.match(page, /17\.0 ± 5\.0/);
  assert.match(page, /class="interval"/);
});

test("for programs there is a row per figure and a row per run, and what is not there is empty", () => {
  const results = [aResult("default", 1, 20), aResult("berth", 1, 15)];
  const [figures, runs] = sweepTables(sweepSummary(results, "default"), results);
  const cell = (row: number, column: string) => figures?.rows[row]?.[figures.columns.indexOf(column)];
  assert.deepEqual([cell(0, "figure"), cell(0, "mean"), cell(0, "difference")], ["nodesUsed", 20, null]);
  assert.deepEqual([cell(3, "policy"), cell(3, "mean"), cell(3, "difference")], ["berth", 15, -5]);
  assert.equal(runs?.rows.length, 2);
  assert.equal(cell(0, "parameters"), '{"mesh.podsPerNodeMax":3}');
});
