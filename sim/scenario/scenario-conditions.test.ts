import assert from "node:assert/strict";
import { dirname } from "node:path";
import { test, type TestContext } from "node:test";
import { UsageError } from "#runtime/usage-error.ts";
import { simReport } from "../report/sim-report.ts";
import { simTables } from "../report/sim-tables.ts";
import { writtenFile } from "../traces/written-file.ts";
import { parseScenario } from "./scenario-file.ts";
import { prepareScenario, runScenario, type ScenarioReport } from "./scenario-run.ts";
import { scenarioTable } from "./scenario-text.ts";

const HEAD = `apiVersion: sim.berth.dev/v1alpha1
kind: Scenario
workload: { trace: { file: pods.csv } }
fleet: { shapes: [{ count: 2, cpu: 8, memory: 16Gi }] }
policies: [sidecar-quarter, berth]
`;
const TIMED = "pod,app,cpu,mem_gib,create_s,delete_s\np1,cart,1,2,0,\np2,cart,1,2,60,90\np3,shop,1,2,7200,\n";
const TIMELESS = "pod,app,cpu,mem_gib,create_s,delete_s\np1,cart,1,2,0,\np2,shop,1,2,0,\n";

async function run(t: TestContext, more: string, pods = TIMED): Promise<ScenarioReport> {
  const path = await writtenFile(t, "pods.csv", pods);
  const { scenario, placeOf } = parseScenario(HEAD + more, "s.yaml");
  return runScenario(await prepareScenario(scenario, { folder: dirname(path), seed: 1, placeOf }));
}

test("late resizes and given start times are told in the terminal, the browser and the tables for programs", async (t) => {
  const report = await run(
    t,
    "resizes: { delaySeconds: 7 }\npodStart: { sidecarSeconds: 3, nodeProxySeconds: 1 }\n",
  );
  const [sidecar, berth] = report.results[0]?.comparison.runs ?? [];
  assert.equal(berth?.resizing?.shortfall.memoryNodeSeconds, 7);
  assert.equal(berth.podStart?.secondsSaved, 6);
  assert.equal(sidecar?.resizing, undefined);
  const table = scenarioTable(report, { hasColour: false });
  assert.match(table, /What becomes of resizes.*\n.*\npolicy.*\nberth .* 7 +7 /);
  assert.match(table, /An input, not a finding/);
  const [runs] = simTables(report);
  const column = runs?.columns.indexOf("resizing.shortfall.memoryNodeSeconds") ?? -1;
  assert.deepEqual(
    runs?.rows.map((row) => row[column]),
    [null, 7],
  );
  const provenance = { version: "1", seed: 1, inputs: [], options: [] };
  const { sections } = simReport({ report, hasLinearBounds: false, assumptions: [], provenance });
  assert.ok(sections.some(({ title }) => title.startsWith("What becomes of resizes")));
  assert.equal(new Set(sections.map(({ id }) => id)).size, sections.length);
});

test("what proxies really use is a table of its own for programs, one row for each sizing", async (t) => {
  const report = await run(t, "usage: { warmUpSeconds: 600, sizing: [feedback, feed-forward] }\n");
  const sizings = simTables(report).find(({ name }) => name === "sizings");
  const column = sizings?.columns.indexOf("sizing") ?? -1;
  assert.deepEqual(
    sizings?.rows.map((row) => row[column]),
    ["feedback", "feed-forward"],
  );
  assert.match(scenarioTable(report, { hasColour: false }), /berth +feed-forward +110 /);
});

test("without conditions there are none of their figures", async (t) => {
  const report = await run(t, "");
  const [, berth] = report.results[0]?.comparison.runs ?? [];
  assert.equal(berth?.resizing, undefined);
  assert.equal(berth?.podStart, undefined);
  assert.doesNotMatch(scenarioTable(report, { hasColour: false }), /resizes,|input/);
});

test("conditions that cannot be are said before the run, with line and column", async (t) => {
  const wrong: readonly (readonly [string, RegExp])[] = [
    ["resizes: { delaySeconds: -1 }\n", /s\.yaml:6:26: resizes\.delaySeconds: .*>=0/],
    [
      "resizes: { delaySeconds: { from: 9, to: 3 } }\n",
      /s\.yaml:6:26: resizes\.delaySeconds: from must not be after to/,
    ],
    ["resizes: { deferredShare: 0.7, refusedShare: 0.4 }\n", /s\.yaml:6:10: resizes: .*together at most 1/],
    ["resizes: { delay: 3 }\n", /s\.yaml:6:12: resizes: there is no key "delay" here/],
    ["instances: { startSeconds: 10 }\n", /s\.yaml:6:28: instances\.startSeconds: must be less than 10 sec/],
    ["watch: { lagMs: 90000 }\n", /s\.yaml:6:17: watch\.lagMs: must be at most 60000/],
    ["usage: { warmUpSeconds: 7200 }\n", /s\.yaml:6:25: usage\.warmUpSeconds: the trace lasts 7200 sec/],
    ["usage: { warmUpSeconds: 0 }\n", /s\.yaml:6:25: usage\.warmUpSeconds: a template is chosen/],
    ["usage: { curves: none.csv }\n", /none\.csv/],
    ["usage: { sizing: [guess] }\n", /s\.yaml:6:\d+: usage\.sizing\.0: /],
    ["podStart: { sidecarSeconds: 3 }\n", /s\.yaml:6:11: podStart\.nodeProxySeconds: /],
    ["events: [{ kind: drain, atSeconds: 1, nodes: { names: [x] } }]\n", /s\.yaml:6:10: event 1 .*"x"/],
  ];
  for (const [more, message] of wrong) await assert.rejects(run(t, more), message);
  await assert.rejects(run(t, "resizes: {}\n", TIMELESS), (error: unknown) => {
    assert.ok(error instanceof UsageError);
    assert.match(error.message, /^s\.yaml:6:10: resizes: .*no time passes.*Leave it out, add events/);
    return true;
  });
});
