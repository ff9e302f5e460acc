import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import type { NodeName, PodUid } from "#model/brand.ts";
import { ClusterLedger } from "#model/ledger.ts";
import { VirtualClock } from "#runtime/virtual-clock.ts";
import { aNode } from "#test/builders/a-node.ts";
import { aPod } from "#test/builders/a-pod.ts";
import type { NodePreemption } from "../policy/preemption.ts";
import { Preemptions } from "./preemptions.ts";

const NODE = "node-1" as NodeName;
const OTHER = "node-2" as NodeName;
const urgent = aPod({ name: "urgent", cpuMilli: 500, priority: 10 });
const filler = aPod({ name: "filler", app: null, node: NODE, cpuMilli: 600 });
const further = aPod({ name: "further", app: null, node: NODE, cpuMilli: 100 });
const spared = aPod({ name: "spared", app: null, node: OTHER, cpuMilli: 600 });

let ledger: ClusterLedger;
let preemptions: Preemptions;

beforeEach(() => {
  ledger = new ClusterLedger();
  for (const name of [NODE, OTHER]) ledger.upsertNode(aNode({ name, cpuMilli: 1_000 }));
  for (const pod of [urgent, filler, further, spared]) ledger.upsertPod(pod);
  preemptions = new Preemptions({ ledger, clock: new VirtualClock(5_000) });
  const offer = (uid: PodUid) => ({ pods: [uid], pdbViolations: 0 });
  const nodes = new Map([
    [NODE, offer(filler.uid)],
    [OTHER, offer(spared.uid)],
  ]);
  const both = { pods: [filler.uid, further.uid], pdbViolations: 1 };
  const decisions = new Map<NodeName, NodePreemption>([
    [NODE, { kind: "addedVictims", victims: both, added: [further.uid] }],
    [OTHER, { kind: "droppedNode", reason: "proxyNotReady" }],
  ]);
  preemptions.answered({ pod: urgent, nodes }, decisions);
});

test("a preemptor is told the victims of each node, those that its share of the proxy takes, and the node that was chosen", () => {
  const nodes = [
    {
      node: NODE,
      answer: "notEnough",
      victims: ["shop/filler", "shop/further"],
      added: ["shop/further"],
    },
    { node: OTHER, answer: "proxyNotReady", victims: ["shop/spared"], added: [] },
  ];
  assert.deepEqual(preemptions.of(urgent, urgent), { atMs: 5_000, nodes });
  const nominated = { ...urgent, nominatedNode: NODE };
  ledger.upsertPod(nominated);
  assert.deepEqual(preemptions.of(urgent, nominated), { atMs: 5_000, nodes, chosen: NODE });
  assert.equal(preemptions.of(urgent, { ...urgent, uid: "another" as PodUid }), undefined);
});

test("a victim is told by whom it was preempted, also when it and the preemptor are gone; who was spared is not", () => {
  assert.equal(preemptions.causeOf(filler, { ...filler, isTerminating: true }), undefined);
  ledger.upsertPod({ ...urgent, nominatedNode: NODE });
  const cause = { pod: "shop/urgent", node: NODE, atMs: 5_000 };
  assert.deepEqual(preemptions.causeOf(filler, { ...filler, isTerminating: true }), {
    ...cause,
    isAdded: false,
  });
  assert.deepEqual(preemptions.causeOf(further, undefined), { ...cause, isAdded: true });
  assert.equal(preemptions.causeOf(filler, filler), undefined, "it is not ending");
  assert.equal(preemptions.causeOf(spared, { ...spared, isTerminating: true }), undefined);
  ledger.removePod(urgent.uid);
  assert.deepEqual(preemptions.causeOf(filler, undefined), { ...cause, isAdded: false });
});
