// What must hold after every event of a replay, whatever the policy; the sums against the plain lists of test/oracle.

import assert from "node:assert/strict";
import { test } from "node:test";
import { PlainCluster } from "#test/oracle/plain-cluster.ts";
import { generateTrace } from "../traces/generator.ts";
import type { TracePod } from "../traces/trace.ts";
import { uniformNodes } from "./fleet.ts";
import { placementPolicies } from "./policies.ts";
import { type Replay, replay } from "./replay.ts";
import type { ReplayCluster } from "./replay-cluster.ts";
import { type MeshModel, NAMESPACE, replayPod } from "./replay-pod.ts";
import { SMALL_NODE } from "./test-trace.ts";

for (const policy of placementPolicies()) {
  test(`${policy.name}: the ledger adds up and no pod is lost after every event`, () => {
    for (const seed of [1, 2, 3]) {
      const pods = generateTrace({ seed, pods: 300, spanSeconds: 24 * 3600, podSize: 0.5 });
      let events = 0;
      let mostWaiting = 0;
      const afterEvent = (run: Replay): void => {
        const { arrived, running, waiting, departed, placed, unplaced } = run.counts();
        const told = `reproduce: seed ${seed}, event ${events}`;
        assert.equal(running + waiting + departed, arrived, told);
        assert.equal(placed + unplaced, arrived, told);
        // The check adds everything up anew; a prime distance meets arrivals and departures alike.
        if (events++ % 7 === 0) assertLedgerAddsUp(run.cluster, pods, policy.mesh);
        mostWaiting = Math.max(mostWaiting, waiting);
        if (policy.name !== "kube-default") assert.equal(run.overcommits, 0, told);
      };
      const fleet = { kind: "fixed", nodes: uniformNodes(3, SMALL_NODE) } as const;
      const { pods: counts } = replay({ pods, policy, fleet, seed, afterEvent });
      assert.equal(counts.arrived, pods.length);
      assert.ok(mostWaiting > 0, "the trace does not always fit");
    }
  });
}

function assertLedgerAddsUp(cluster: ReplayCluster, trace: readonly TracePod[], mesh: MeshModel): void {
  const plain = new PlainCluster();
  for (const node of cluster.ledger.nodes()) {
    const { name, allocatable, zone, proxies } = node;
    plain.upsertNode({ name, allocatable, zone });
    for (const proxy of proxies.values()) plain.upsertPod(proxy);
  }
  for (const traced of trace) {
    const pod = replayPod(traced, mesh);
    const nodeName = cluster.nodeOf(pod);
    if (nodeName === undefined) continue;
    const app = mesh.kind === "nodeProxy" ? pod.app : undefined;
    const { uid, name, request, ownerUid } = pod;
    plain.upsertPod({
      uid,
      namespace: NAMESPACE,
      name,
      app,
      request,
      nodeName,
      isFinished: false,
      ownerUid,
      proxy: undefined,
    });
  }
  for (const node of cluster.ledger.nodes()) {
    const account = plain.account(node.name);
    assert.deepEqual(node.requested, account?.requested);
    assert.deepEqual(node.modelCost, account?.modelCost);
    assert.deepEqual(node.required(), account?.required);
    assert.deepEqual(node.counted, account?.counted);
    assert.deepEqual(new Map(node.appPods), account?.appPods);
    const { counted, requested, allocatable } = node;
    assert.ok(
      requested.cpuMilli + (counted?.cpuMilli ?? 0) <= allocatable.cpuMilli &&
        requested.memoryBytes + (counted?.memoryBytes ?? 0) <= allocatable.memoryBytes,
      "a proxy never grows past its node's room",
    );
  }
}
