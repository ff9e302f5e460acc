// A sweep as an Indexed Job on the real node: the manifest that `berth sweep --print-job` prints, Berth's own image, and
// results that are those of a run beside the cluster, byte for byte.

import assert from "node:assert/strict";
import { chmodSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { jobManifest } from "#sim/sweep/job-manifest.ts";
import { planSweep, runTask } from "#sim/sweep/sweep-plan.ts";
import { BERTH_IMAGE } from "./example-pods.ts";
import type { NodeCluster } from "./node-cluster.ts";

const SCENARIO = `apiVersion: sim.berth.dev/v1alpha1
kind: Scenario
name: on a node
workload: { generator: { pods: 200, spanSeconds: 43200, podSize: 0.25 } }
fleet: { auto: { cpu: 16, memory: 64Gi } }
policies: [kube-default, berth]
seeds: [1, 2, 3]
sweep: { parameters: { mesh.podsPerNodeMax: [2, 4] } }
`;
const NAME = "sweep-on-a-node";
const COMPLETIONS = 3;

export function sweepCases(cluster: () => NodeCluster): void {
  test("a sweep runs as an Indexed Job, with the results of a run beside the cluster", async (t) => {
    const folder = join(cluster().controlPlane.files.folder, "sweep");
    const volume = join(folder, "volume");
    mkdirSync(volume, { recursive: true });
    // The pods' user is none of this machine's.
    chmodSync(volume, 0o777);
    const scenario = join(folder, "scenario.yaml");
    writeFileSync(scenario, SCENARIO);
    const manifest = join(folder, "job.yaml");
    const options = {
      name: NAME,
      image: BERTH_IMAGE,
      completions: COMPLETIONS,
      cpu: "100m",
      memory: "512Mi",
    };
    writeFileSync(manifest, jobManifest({ ...options, scenario, hostPath: volume }));
    const startedMs = performance.now();
    await cluster().kubectl("apply", "--validate=strict", "-f", manifest);
    await cluster().kubectl("wait", "--for=condition=complete", `job/${NAME}`, "--timeout=110s");
    t.diagnostic(
      `${COMPLETIONS} pods done ${((performance.now() - startedMs) / 1000).toFixed(1)} s after the Job was made`,
    );
    const beside = join(folder, "beside");
    const plan = await planSweep({ scenarioPath: scenario, resultsPath: beside });
    for (const task of plan.tasks) await runTask(plan, task);
    assert.equal(plan.tasks.length, 12);
    assert.deepEqual(contents(join(volume, "results")), contents(beside));
    await cluster().kubectl("delete", "-f", manifest);
  });
}

function contents(folder: string): ReadonlyMap<string, string> {
  const names = readdirSync(folder).sort();
  return new Map(names.map((name) => [name, readFileSync(join(folder, name), "utf8")]));
}
