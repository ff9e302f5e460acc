import assert from "node:assert/strict";
import { test } from "node:test";
import { prepareScenario, runScenario } from "../scenario/scenario-run.ts";
import { scenarioSchema } from "../scenario/scenario-schema.ts";
import { meshBound } from "./mesh-bound.ts";

const MIB = 1024 ** 2;

test("no run of node proxies takes less than the bound, which is what the least instances, nodes and all pods cost", async () => {
  const scenario = scenarioSchema.parse({
    apiVersion: "sim.berth.dev/v1alpha1",
    kind: "Scenario",
    workload: { generator: { pods: 300, spanSeconds: 3600, podSize: 0.5 } },
    fleet: { auto: { cpu: 16, memory: "64Gi" } },
    mesh: { perConnection: { cpu: 0, memory: 0 }, perKiloRps: { cpu: 0, memory: 0 }, podsPerNodeMax: 3 },
    policies: ["sidecar-fixed", "kube-default", "berth"],
  });
  const prepared = await prepareScenario(scenario, { folder: ".", seed: 1 });
  const [result] = runScenario(prepared, undefined, { isSurveyed: false }).results;
  assert.ok(result);
  const { comparison, costs } = result;
  assert.deepEqual(costs.sharedBy, ["kube-default", "berth"]);
  for (const run of comparison.runs) {
    const bound = meshBound(run, costs);
    if (run.policy === "sidecar-fixed") {
      assert.equal(bound, undefined);
      continue;
    }
    const { peak, bounds } = run;
    assert.ok(bound && bounds.nodes !== undefined);
    assert.equal(
      bound.memoryBytes,
      bounds.nodes * 128 * MIB + bounds.instances * 200 * MIB + peak.pods * costs.perPod.memoryBytes,
    );
    assert.ok(bound.memoryBytes <= peak.meshMemoryBytesGranted, run.policy);
    assert.ok(bound.cpuMilli <= peak.meshCpuMilliGranted, run.policy);
  }
});
