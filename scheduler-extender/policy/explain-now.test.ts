import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { ClusterLedger } from "#model/ledger.ts";
import { aNode } from "#test/builders/a-node.ts";
import { aPod } from "#test/builders/a-pod.ts";
import { aProfile } from "#test/builders/a-profile.ts";
import { aProxy } from "#test/builders/a-proxy.ts";
import { anyDemand, anyEvent, NODE_NAMES } from "#test/builders/cluster-events.ts";
import { roomyNodes } from "#test/builders/roomy-nodes.ts";
import { explainNow } from "./explain-now.ts";
import { DEFAULT_PROMISE_LIMITS } from "./promise.ts";
import { filterNodes, prioritizeNodes } from "./verbs.ts";

const CONTEXT = { nowMs: -1, limits: DEFAULT_PROMISE_LIMITS };

test("what is explained is what would be decided, and nothing is decided by it", () => {
  let placed = 0;
  fc.assert(
    fc.property(roomyNodes, fc.array(anyEvent, { maxLength: 30 }), anyDemand, (nodes, events, demand) => {
      const ledger = new ClusterLedger();
      for (const { apply } of [...nodes, ...events]) apply(ledger);
      ledger.release(demand.uid);
      const pod = { ...aPod(), ...demand };
      const before = [...ledger.reservations()];
      const { groups, winner } = explainNow(ledger, { pod, nodes: NODE_NAMES }, CONTEXT.nowMs);
      assert.deepEqual([...ledger.reservations()], before);
      const { passed, rejected, promised } = filterNodes(ledger, { pod, nodes: NODE_NAMES }, CONTEXT);
      const counts = new Map(groups.map(({ verdict, nodes: count }) => [verdict, count]));
      assert.equal(counts.get("fits") ?? 0, passed.length);
      for (const [verdict, count] of counts) {
        const same = [...rejected.values()].filter((rejection) => rejection === verdict);
        if (verdict !== "fits") assert.equal(count, same.length);
      }
      const node = promised ?? prioritizeNodes(ledger, { pod, nodes: passed }, CONTEXT)?.node;
      if (node !== undefined) placed++;
      // Outside the mesh kube-scheduler's own preferences decide where several fit.
      if (pod.app !== undefined || passed.length <= 1) assert.equal(winner?.node, node);
    }),
    { numRuns: 600 },
  );
  assert.ok(placed > 20, `${placed} placed`);
});

test("for a pod that waits, what its nearest node misses is what would let it in", () => {
  const ledger = new ClusterLedger();
  ledger.setProfile(aProfile());
  for (const name of NODE_NAMES) {
    ledger.upsertNode(aNode({ name, cpuMilli: 1_000 }));
    ledger.upsertPod(aProxy({ node: name, cpuMilli: 100 }));
  }
  const filler = (cpuMilli: number) => aPod({ name: "filler", app: null, node: "node-1", cpuMilli });
  const pod = aPod({ cpuMilli: 700 });
  for (const name of ["node-2", "node-3"]) {
    ledger.upsertPod(aPod({ name: `full-${name}`, app: null, node: name, cpuMilli: 900 }));
  }
  ledger.upsertPod(filler(200));
  const [, short] = explainNow(ledger, { pod, nodes: NODE_NAMES }, 0).groups;
  assert.equal(short?.verdict, "meshShareDoesNotFit");
  const [{ node, missing } = { node: "", missing: { cpuMilli: 0, memoryBytes: 0 } }] = short.closest;
  assert.deepEqual([node, missing], ["node-1", { cpuMilli: 60, memoryBytes: 0 }]);
  ledger.upsertPod(filler(200 - missing.cpuMilli + 1));
  assert.equal(explainNow(ledger, { pod, nodes: NODE_NAMES }, 0).winner, undefined);
  ledger.upsertPod(filler(200 - missing.cpuMilli));
  assert.equal(explainNow(ledger, { pod, nodes: NODE_NAMES }, 0).winner?.node, "node-1");
});
