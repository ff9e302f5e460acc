// What kube-scheduler's own rules leave (topology spread, affinity, taints, volumes) is all that the verbs choose from: a
// node that was not offered is never answered, scored, promised or preempted on, whoever is on it.

import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import type { NodeName, PodUid } from "#model/brand.ts";
import { ClusterLedger } from "#model/ledger.ts";
import { REJECTIONS } from "#model/verdict.ts";
import { aNode } from "#test/builders/a-node.ts";
import { aPod } from "#test/builders/a-pod.ts";
import { aProfile } from "#test/builders/a-profile.ts";
import { aProxy } from "#test/builders/a-proxy.ts";
import { anyDemand, anyEvent, NODE_NAMES } from "#test/builders/cluster-events.ts";
import { roomyNodes } from "#test/builders/roomy-nodes.ts";
import { preempt } from "./preemption.ts";
import { DEFAULT_PROMISE_LIMITS } from "./promise.ts";
import { filterNodes, prioritizeNodes, scoresOf } from "./verbs.ts";

const CONTEXT = { nowMs: 0, limits: DEFAULT_PROMISE_LIMITS };
const offers = fc.subarray([...NODE_NAMES], { minLength: 1 });
const events = fc.array(anyEvent, { maxLength: 10 });

test("nodes that were not offered are neither passed nor rejected, scored nor promised, with one candidate or many", () => {
  let promises = 0;
  fc.assert(
    fc.property(
      roomyNodes,
      events,
      anyDemand,
      offers,
      fc.constantFrom(1 as const, undefined),
      (nodes, history, pod, offered, candidates) => {
        const ledger = new ClusterLedger();
        for (const event of [...nodes, ...history]) event.apply(ledger);
        const context = { ...CONTEXT, candidates };
        const { passed, rejected, withheld } = filterNodes(ledger, { pod, nodes: offered }, context);
        assert.ok([...passed, ...rejected.keys()].every((name) => offered.includes(name)));
        assert.equal(passed.length + rejected.size + withheld, offered.length);
        const scores = scoresOf(prioritizeNodes(ledger, { pod, nodes: passed }, context)?.ranking ?? []);
        for (const { node, score } of scores) assert.ok(passed.includes(node) && score > 0 && score <= 10);
        const promised = ledger.reservationOf(pod.uid)?.node;
        if (promised === undefined) return;
        promises++;
        assert.ok(passed.includes(promised));
      },
    ),
    { numRuns: 1_500 },
  );
  assert.ok(promises > 20, `${promises} promises`);
});

test("preempt answers about the nodes that were offered, and never with an empty list", () => {
  const ledger = new ClusterLedger();
  ledger.setProfile(aProfile());
  for (const name of NODE_NAMES) {
    ledger.upsertNode(aNode({ name, cpuMilli: 1_000 }));
    ledger.upsertPod(aProxy({ node: name }));
    ledger.upsertPod(aPod({ name: `low-${name}`, app: null, node: name, cpuMilli: 400, priority: -1 }));
    ledger.upsertPod(aPod({ name: `lower-${name}`, app: null, node: name, cpuMilli: 300, priority: -2 }));
  }
  const [offered] = NODE_NAMES as readonly NodeName[] as readonly [NodeName];
  const pod = aPod({ cpuMilli: 350, priority: 5 });
  for (const pods of [[`uid-of-lower-${offered}` as PodUid], []]) {
    const nodes = new Map([[offered, { pods, pdbViolations: 0 }]]);
    const decisions = preempt(ledger, { pod, nodes, mayAddVictims: true });
    assert.deepEqual([...decisions.keys()], [offered]);
    for (const decision of decisions.values())
      assert.ok(decision.kind === "droppedNode" || decision.victims.pods.length > 0);
  }
});

test("a surge is counted: while a node has two proxies, a pod that fits beside one of them is rejected", () => {
  const ledger = new ClusterLedger();
  ledger.setProfile(aProfile());
  const nodes = [NODE_NAMES[0] as NodeName];
  ledger.upsertNode(aNode({ name: "node-1", cpuMilli: 1_000 }));
  ledger.upsertPod(aProxy({ name: "old", node: "node-1", cpuMilli: 200 }));
  const question = { pod: aPod({ cpuMilli: 700 }), nodes };
  assert.deepEqual(filterNodes(ledger, question, CONTEXT).passed, nodes);
  ledger.upsertPod(aProxy({ name: "new", node: "node-1", cpuMilli: 150, isReady: false }));
  const { passed, rejected } = filterNodes(ledger, question, CONTEXT);
  assert.deepEqual([passed.length, rejected.get("node-1" as NodeName)], [0, "appDoesNotFit"]);
  ledger.removePod(aProxy({ name: "old", node: "node-1" }).uid);
  ledger.upsertPod(aProxy({ name: "new", node: "node-1", cpuMilli: 150 }));
  assert.deepEqual(filterNodes(ledger, question, CONTEXT).passed, nodes);
});

test("only what preempting pods can mend is told as resolvable", () => {
  const resolvable = Object.entries(REJECTIONS).flatMap(([reason, { isResolvable }]) =>
    isResolvable ? reason : [],
  );
  // A node that is not known yet may be one by the next try, which preemption elsewhere would forestall.
  assert.deepEqual(resolvable, ["nodeUnknown", "appDoesNotFit", "awaitsVictims"]);
});
