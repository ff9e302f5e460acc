import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { UsageError } from "#runtime/usage-error.ts";
import { writtenFile, writtenFiles } from "../traces/written-file.ts";
import { inputFiles } from "./scenario-inputs.ts";
import { parseScenario, readScenarioFile } from "./scenario-file.ts";
import { prepareScenario, runScenario, type ScenarioReport } from "./scenario-run.ts";
import { scenarioJson, scenarioTable } from "./scenario-text.ts";

const PODS = "pod,app,cpu,mem_gib,create_s,delete_s\np1,cart,1,2,0,\np2,cart,1,2,60,\np3,shop,1,2,7200,\n";

interface Parts {
  readonly fleet?: string;
  readonly more?: string;
  readonly workload?: string;
}

function text({ fleet = "auto: { cpu: 8, memory: 16Gi }", more = "", workload = "" }: Parts): string {
  return `apiVersion: sim.berth.dev/v1alpha1
kind: Scenario
workload:
  trace: { file: pods.csv }
  ${workload}
fleet:
  ${fleet}
${more}`;
}

async function run(t: TestContext, parts: Parts, seed = 1): Promise<ScenarioReport> {
  const path = await writtenFile(t, "pods.csv", PODS);
  const { scenario } = parseScenario(text(parts), "s.yaml");
  return runScenario(await prepareScenario(scenario, { folder: dirname(path), seed }));
}

test("a run is made with every base of an instance, and the base decides what the mesh takes", async (t) => {
  const { results } = await run(t, {
    more: "policies: [berth]\nmesh:\n  bases: [{ name: large }, { name: small, memory: 20Mi }]\n  perPod: { memory: 0 }\n",
  });
  assert.deepEqual(
    results.map(({ base }) => base),
    ["large", "small"],
  );
  const [large, small] = results.map(
    ({ comparison }) => comparison.runs[0]?.peak.meshMemoryBytesRequired ?? 0,
  );
  // Two apps on one node.
  assert.equal((large ?? 0) - (small ?? 0), 2 * 180 * 1024 ** 2);
});

test("a price per node and hour gives the bill; a trace of two hours with a total", async (t) => {
  const { results } = await run(t, {
    fleet: "shapes: [{ name: big, count: 3, cpu: 8, memory: 16Gi }]",
    more: "policies: [berth]\nprices: { shapes: { big: 2 } }\n",
  });
  const [bill] = results[0]?.money ?? [];
  assert.equal(bill?.perHour, 6);
  assert.equal(bill?.total, 12);
  assert.equal(bill?.usedPerHour, 2);
  assert.equal(bill?.isMeanPrice, false);
});

test("nodes without a price of their own are priced by CPU and memory, mixed ones at the mean", async (t) => {
  const { results } = await run(t, {
    fleet: "shapes: [{ count: 1, cpu: 8, memory: 16Gi }, { count: 1, cpu: 4, memory: 8Gi }]",
    more: "policies: [berth]\nprices: { cpuHour: 0.1, gibHour: 0.01 }\n",
  });
  const [bill] = results[0]?.money ?? [];
  assert.ok(Math.abs((bill?.perHour ?? 0) - 1.44) < 1e-9);
  assert.equal(bill?.isMeanPrice, true);
});

test("a pod that fits no node is said before the run, or waits for good where that is asked for", async (t) => {
  const fleet = "auto: { cpu: 1, memory: 16Gi }";
  await assert.rejects(run(t, { fleet, more: "policies: [berth]\n" }), (error: unknown) => {
    assert.ok(error instanceof UsageError);
    assert.match(
      error.message,
      /under berth, 3 of 3 pods fit no node.*p1 of app cart asks for 1 CPU and 2Gi/,
    );
    assert.match(error.message, /set workload\.tooLarge: wait/);
    return true;
  });
  const { results } = await run(t, { fleet, more: "policies: [berth]\n", workload: "tooLarge: wait" });
  assert.equal(results[0]?.comparison.runs[0]?.pods.unplaced, 3);
});

test("events happen on the way, and one that cannot is said before the run", async (t) => {
  const parts: Parts = { fleet: "shapes: [{ count: 3, cpu: 8, memory: 16Gi, zones: [a, b] }]" };
  const eventful = (events: string): Parts => ({
    ...parts,
    more: `policies: [berth]\nevents: [${events}]\n`,
  });
  const { results } = await run(
    t,
    eventful(
      "{ kind: nodeLoss, atSeconds: 100, nodes: { count: 1 } }, { kind: scale, atSeconds: 1000, app: cart, replicas: 4 }",
    ),
  );
  const [only] = results[0]?.comparison.runs ?? [];
  assert.deepEqual(only?.blasts, [{ kind: "node", pods: 2, apps: 1 }]);
  assert.equal(only?.pods.running, 5);
  const wrong: readonly (readonly [string, RegExp])[] = [
    [
      "{ kind: drain, atSeconds: 1, nodes: { names: [node-9] } }",
      /event 1 .*\(drain\): there is no node "node-9"/,
    ],
    ["{ kind: zoneLoss, atSeconds: 1, zone: c }", /no node is in zone "c"; the nodes' zones: a, b/],
    ["{ kind: rollout, atSeconds: 1, app: nobody }", /the trace has no app "nobody"/],
    ["{ kind: nodeLoss, atSeconds: 1, nodes: { count: 0 } }", /events\.0\.nodes/],
    ["{ kind: earthquake, atSeconds: 1 }", /s\.yaml:9:\d+: events\.0\.kind/],
    ["{ kind: scale, atSeconds: 1, app: cart, replica: 3 }", /there is no key "replica" here/],
  ];
  for (const [event, message] of wrong) await assert.rejects(run(t, eventful(event)), message);
});

const SCORER = `export const scorer = {
  name: "by-name",
  score: ({ pod, node }) => (pod.app.endsWith("/cart") && node.name.endsWith("3") ? 1 : node.podsOfApp),
};`;

test("a file that exports a scorer is a policy like the others", async (t) => {
  const [, path = ""] = await writtenFiles(t, [
    { name: "pods.csv", content: PODS },
    { name: "mine.mjs", content: SCORER },
  ]);
  const more = "policies: [berth, ./mine.mjs]\n";
  const fleet = "shapes: [{ count: 3, cpu: 8, memory: 16Gi }]";
  const { scenario } = parseScenario(text({ fleet, more }), "s.yaml");
  const folder = dirname(path);
  const report = runScenario(await prepareScenario(scenario, { folder, seed: 1 }));
  const runs = report.results[0]?.comparison.runs ?? [];
  assert.deepEqual(
    runs.map(({ policy, peak }) => [policy, peak.nodesUsed]),
    [
      ["berth", 1],
      ["by-name", 2],
    ],
  );
  assert.equal(runs[1]?.overcommits, 0);
  assert.deepEqual(
    (await inputFiles(scenario, folder)).map(({ file, sha256 }) => [file, sha256.length]),
    [
      ["pods.csv", 64],
      ["./mine.mjs", 64],
    ],
  );
});

test("a scorer is not asked about nodes that would not hold the pod and its mesh share", async (t) => {
  const [, path = ""] = await writtenFiles(t, [
    { name: "pods.csv", content: PODS },
    { name: "mine.mjs", content: "export const scorer = { name: 'piled', score: ({ node }) => node.pods };" },
  ]);
  // A pod with its instance takes 1.22 CPU with the proxy's base, two would take more than two.
  const fleet = "shapes: [{ count: 4, cpu: 2, memory: 16Gi }]";
  const { scenario } = parseScenario(text({ fleet, more: "policies: [./mine.mjs]\n" }), "s.yaml");
  const report = runScenario(await prepareScenario(scenario, { folder: dirname(path), seed: 1 }));
  const [only] = report.results[0]?.comparison.runs ?? [];
  assert.deepEqual([only?.overcommits, only?.pods.unplaced, only?.peak.nodesUsed], [0, 0, 3]);
});

test("a scorer that cannot be used is a sentence", async (t) => {
  const wrong: readonly (readonly [string, RegExp])[] = [
    ["export const score = 1;", /x\.mjs: exports no scorer .*expected: export const scorer/],
    ["export const scorer = { name: 'a', score: 3 };", /scorer\.score must be a function/],
    ["export const scorer = { name: 'berth', score: () => 0 };", /is called berth, as another policy is/],
    ["export const scorer = {", /cannot be loaded as a module/],
    [
      "export const scorer = { name: 'a', score: () => NaN };",
      /scorer a gave NaN for pod p1 on node-000001; a score is/,
    ],
  ];
  for (const [content, message] of wrong) {
    const path = await writtenFile(t, "x.mjs", content);
    const pods = join(dirname(path), "x.mjs");
    await assert.rejects(run(t, { more: `policies: [${pods}]\n` }), (error: unknown) => {
      assert.ok(error instanceof UsageError, String(error));
      assert.match(error.message, message);
      return true;
    });
  }
});

test("the examples of the documentation run, twice to the same bytes", async () => {
  const folder = new URL("examples/", import.meta.url).pathname;
  const files = readdirSync(folder).filter((name) => name.endsWith(".yaml"));
  assert.ok(files.length >= 2);
  for (const file of files) {
    const { scenario } = readScenarioFile(join(folder, file));
    const [seed = 0] = scenario.seeds;
    const inputs = await inputFiles(scenario, folder);
    const printed = async (): Promise<string> => {
      const report = runScenario(await prepareScenario(scenario, { folder, seed }));
      assert.match(scenarioTable(report, { hasColour: false }), /reuse/);
      return scenarioJson({ scenario, inputs, report });
    };
    assert.equal(await printed(), await printed(), file);
  }
});
