import assert from "node:assert/strict";
import { test } from "node:test";
import type { NodeName, PodUid } from "#model/brand.ts";
import { ClusterLedger } from "#model/ledger.ts";
import { aDemand } from "#test/builders/a-demand.ts";
import { aNode } from "#test/builders/a-node.ts";
import { aPod } from "#test/builders/a-pod.ts";
import { aProfile } from "#test/builders/a-profile.ts";
import { aProxy } from "#test/builders/a-proxy.ts";
import { type NodePreemption, preempt } from "./preemption.ts";

const NODE = "node-1" as NodeName;

/**
 * One node of 1,000 millicores whose proxy has 100, all of it base. An instance of cart costs 50 and each of its pods
 * 10, so that a first pod of cart that requests 100 needs 160 beside the other pods.
 */
function aLedger(...pods: readonly Parameters<typeof aPod>[0][]): ClusterLedger {
  const ledger = new ClusterLedger();
  ledger.upsertNode(aNode({ cpuMilli: 1_000 }));
  ledger.upsertPod(aProxy({ cpuMilli: 100 }));
  ledger.setProfile(aProfile());
  for (const pod of pods) ledger.upsertPod(aPod({ app: null, node: "node-1", ...pod }));
  return ledger;
}

interface Question {
  readonly pod?: Parameters<typeof aPod>[0];
  readonly priority?: number;
  /** Names of pods. */
  readonly victims?: readonly string[];
  readonly mayAddVictims?: boolean;
}

function decide(ledger: ClusterLedger, question: Question = {}): NodePreemption | undefined {
  const { pod, priority = 10, victims = ["victim"], mayAddVictims = true } = question;
  const nodes = new Map([[NODE, { pods: victims.map(uidOf), pdbViolations: 0 }]]);
  return preempt(ledger, { pod: { ...aDemand(pod), priority }, mayAddVictims, nodes }).get(NODE);
}

function uidOf(name: string): PodUid {
  return `uid-of-${name}` as PodUid;
}

function kept(...names: readonly string[]): NodePreemption {
  return { kind: "keptVictims", victims: { pods: names.map(uidOf), pdbViolations: 0 } };
}

/** `added` in the order in which they are told. */
function withAdded(names: readonly string[], added: readonly string[]): NodePreemption {
  const victims = { pods: names.map(uidOf), pdbViolations: added.length };
  return { kind: "addedVictims", victims, added: added.map(uidOf) };
}

function dropped(reason: string): object {
  return { kind: "droppedNode", reason };
}

test("victims that free the pod's request and its share of the proxy are kept as they are", () => {
  const ledger = aLedger({ name: "victim", cpuMilli: 160 }, { name: "other", cpuMilli: 740 });
  assert.deepEqual(decide(ledger), kept("victim"));
});

test("victims that free only the pod's request are joined by another one, which counts as a possible violation", () => {
  const ledger = aLedger({ name: "victim", cpuMilli: 159 }, { name: "other", cpuMilli: 741 });
  assert.deepEqual(decide(ledger), withAdded(["other", "victim"], ["other"]));
});

test("the victims' share of the proxy is freed with them, an app's base with its last pod", () => {
  const pay = { app: "pay", cpuMilli: 50 };
  const ledger = aLedger(
    { ...pay, name: "victim" },
    { ...pay, name: "pay-2" },
    { name: "rest", cpuMilli: 700, priority: 10 },
  );
  ledger.setProfile(aProfile({ app: "pay" }));
  // Of the 900 beside the proxy's base 870 are in use; the preemptor needs 160.
  assert.deepEqual(decide(ledger), withAdded(["pay-2", "victim"], ["pay-2"]));
  assert.deepEqual(decide(ledger, { victims: ["victim", "pay-2"] }), kept("victim", "pay-2"));
});

test("a preemptor whose app is there already needs no second base", () => {
  const cart = { app: "cart", cpuMilli: 100, priority: 10 };
  const ledger = aLedger(
    { ...cart, name: "cart-2" },
    { name: "victim", cpuMilli: 110 },
    { name: "other", cpuMilli: 630 },
  );
  assert.deepEqual(decide(ledger), kept("victim"));
});

test("the least important pods are added: the lowest priority first, then the youngest", () => {
  const [old, young] = [{ startedAtMs: 1_000 }, { startedAtMs: 2_000 }];
  const others = [
    { name: "low-old", cpuMilli: 100, priority: 1, ...old },
    { name: "low-young", cpuMilli: 100, priority: 1, ...young },
    { name: "low-waiting", cpuMilli: 100, priority: 1 },
    { name: "middle", cpuMilli: 100, priority: 2, ...young },
  ];
  const ledger = aLedger({ name: "victim", cpuMilli: 10, priority: 1 }, ...others, {
    name: "rest",
    cpuMilli: 490,
    priority: 10,
  });
  const askFor = (cpuMilli: number) => decide(ledger, { pod: { app: null, cpuMilli } });
  assert.deepEqual(askFor(10), kept("victim"));
  const added = (cpuMilli: number) => {
    const decision = askFor(cpuMilli);
    return decision?.kind === "addedVictims" ? decision.added : decision;
  };
  assert.deepEqual(added(110), ["low-waiting"].map(uidOf));
  assert.deepEqual(added(210), ["low-young", "low-waiting"].map(uidOf));
  assert.deepEqual(added(310), ["low-old", "low-young", "low-waiting"].map(uidOf));
  assert.deepEqual(added(410), ["middle", "low-old", "low-young", "low-waiting"].map(uidOf));
  assert.deepEqual(added(411), dropped("appDoesNotFit"));
});

test("what turns out not to be needed is given back, the most important first", () => {
  const ledger = aLedger(
    { name: "victim", cpuMilli: 10, priority: 9 },
    { name: "small", cpuMilli: 100, priority: 1 },
    { name: "middle", cpuMilli: 200, priority: 2 },
    { name: "large", cpuMilli: 400, priority: 3 },
    { name: "rest", cpuMilli: 190, priority: 10 },
  );
  const askFor = (cpuMilli: number) => decide(ledger, { pod: { app: null, cpuMilli } });
  assert.deepEqual(askFor(400), withAdded(["victim", "large"], ["large"]));
  assert.deepEqual(askFor(510), withAdded(["victim", "large", "small"], ["large", "small"]));
  assert.deepEqual(askFor(600), withAdded(["victim", "large", "middle"], ["large", "middle"]));
});

test("an added victim more important than a given one is told before it", () => {
  const ledger = aLedger(
    { name: "victim-5", cpuMilli: 10, priority: 5 },
    { name: "victim-1", cpuMilli: 10, priority: 1 },
    { name: "other-3", cpuMilli: 400, priority: 3 },
    { name: "other-7", cpuMilli: 480, priority: 7 },
  );
  const question = { pod: { app: null, cpuMilli: 900 }, victims: ["victim-5", "unknown", "victim-1"] };
  const all = ["other-7", "victim-5", "unknown", "other-3", "victim-1"];
  assert.deepEqual(decide(ledger, question), withAdded(all, ["other-7", "other-3"]));
});

test("pods of the same or a higher priority are never added, and a pod without one has 0", () => {
  const victim = { name: "victim", cpuMilli: 100, priority: -1 };
  const ledger = aLedger(
    victim,
    { name: "equal", cpuMilli: 400, priority: 5 },
    { name: "higher", cpuMilli: 400, priority: 6 },
  );
  assert.deepEqual(decide(ledger, { priority: 5 }), dropped("meshShareDoesNotFit"));
  const { priority, ...without } = aPod({ app: null, name: "without", node: "node-1", cpuMilli: 800 });
  assert.equal(priority, 0);
  const other = aLedger(victim);
  other.upsertPod(without);
  assert.deepEqual(decide(other, { priority: 0 }), dropped("meshShareDoesNotFit"));
  assert.deepEqual(decide(other, { priority: 1 }), withAdded(["without", "victim"], ["without"]));
});

test("a preemptor that must not preempt gets no further victims, but those it was given", () => {
  const [victim, other] = [{ name: "victim" }, { name: "other", cpuMilli: 740 }];
  const enough = aLedger({ ...victim, cpuMilli: 160 }, other);
  assert.deepEqual(decide(enough, { mayAddVictims: false }), kept("victim"));
  const tooLittle = aLedger({ ...victim, cpuMilli: 159 }, { ...other, cpuMilli: 741 });
  assert.deepEqual(decide(tooLittle, { mayAddVictims: false }), dropped("meshShareDoesNotFit"));
});

test("terminating pods are never added and hold their room until they are gone; terminating victims free it", () => {
  const ledger = aLedger(
    { name: "victim", cpuMilli: 100 },
    { name: "leaving", cpuMilli: 800, isTerminating: true },
  );
  assert.deepEqual(decide(ledger), dropped("meshShareDoesNotFit"));
  assert.deepEqual(decide(ledger, { victims: ["leaving"] }), kept("leaving"));
});

test("a node is dropped where it is unknown, has no ready proxy, or loses it as a victim", () => {
  const ledger = aLedger({ name: "victim", cpuMilli: 900 });
  assert.deepEqual(decide(new ClusterLedger()), dropped("nodeUnknown"));
  assert.deepEqual(decide(ledger, { victims: ["victim", "proxy-on-node-1"] }), dropped("proxyAbsent"));
  ledger.upsertPod(aProxy({ cpuMilli: 100, isReady: false }));
  assert.deepEqual(decide(ledger), dropped("proxyNotReady"));
  ledger.removePod(uidOf("proxy-on-node-1"));
  assert.deepEqual(decide(ledger), dropped("proxyAbsent"));
});

test("the proxy is never added as a victim, however unimportant", () => {
  const ledger = aLedger({ name: "victim", cpuMilli: 890 });
  assert.deepEqual(decide(ledger, { pod: { app: null, cpuMilli: 901 } }), dropped("appDoesNotFit"));
});

test("an app at its limit keeps the node out, unless its own pods are victims; none are added for it", () => {
  const cart = { app: "cart", cpuMilli: 100 };
  const ledger = aLedger({ ...cart, name: "cart-8" }, { ...cart, name: "cart-9" }, { name: "victim" });
  ledger.setProfile(aProfile({ placement: { maxPodsPerNode: 2 } }));
  assert.deepEqual(decide(ledger), dropped("appLimitReached"));
  assert.deepEqual(decide(ledger, { victims: ["cart-9"] }), kept("cart-9"));
});

test("the preemptor's own promise, wherever it is, takes nothing of what its zone allows", () => {
  for (const promised of ["node-1", "node-2"]) {
    const ledger = aLedger({ name: "cart-8", app: "cart", cpuMilli: 100 }, { name: "victim", cpuMilli: 700 });
    ledger.upsertNode(aNode({ name: "node-2" }));
    ledger.setProfile(aProfile({ placement: { maxPodsPerZone: 2 } }));
    ledger.reserve({ pod: aDemand(), node: promised as NodeName, expiresAtMs: 1_000 });
    assert.deepEqual(decide(ledger), kept("victim"), promised);
    ledger.upsertPod(aPod({ name: "cart-9", node: "node-2" }));
    assert.deepEqual(decide(ledger), dropped("zoneLimitReached"), promised);
    assert.deepEqual(decide(ledger, { victims: ["cart-8"] }), kept("cart-8"), promised);
  }
});

test("a node is never told without victims", () => {
  assert.deepEqual(decide(aLedger(), { victims: [] }), dropped("noVictims"));
  const full = aLedger({ name: "other", cpuMilli: 900 });
  assert.deepEqual(decide(full, { victims: [] }), withAdded(["other"], ["other"]));
});

test("victims that the ledger does not know, or knows elsewhere, stay in the list and free nothing", () => {
  const ledger = aLedger({ name: "other", cpuMilli: 840 }, { name: "far", cpuMilli: 900, node: "node-2" });
  const victims = ["unknown", "far"];
  assert.deepEqual(decide(ledger, { victims, pod: { app: null, cpuMilli: 60 } }), kept("unknown", "far"));
  assert.deepEqual(decide(ledger, { victims }), withAdded(["unknown", "far", "other"], ["other"]));
});

test("promised room counts, and a pod that is only promised frees it as a victim but is never added", () => {
  const ledger = aLedger({ name: "victim", cpuMilli: 100 });
  const promised = aDemand({ name: "promised", app: null, cpuMilli: 800 });
  ledger.upsertPod(aPod({ name: "promised", app: null, cpuMilli: 800 }));
  ledger.reserve({ pod: promised, node: NODE, expiresAtMs: 1_000 });
  assert.deepEqual(decide(ledger), dropped("meshShareDoesNotFit"));
  assert.deepEqual(decide(ledger, { victims: ["promised"] }), kept("promised"));
  assert.equal(ledger.reservationCount, 1);
});

test("the preemptor's own promise does not count beside it, and is left as it is", () => {
  const ledger = aLedger({ name: "victim", cpuMilli: 160 }, { name: "other", cpuMilli: 740 });
  ledger.reserve({ pod: aDemand(), node: NODE, expiresAtMs: 1_000 });
  assert.deepEqual(decide(ledger), kept("victim"));
  assert.equal(ledger.reservationCount, 1);
  assert.equal(ledger.node(NODE)?.requested.cpuMilli, 1_000);
});

test("pods nominated to the node hold their room and share against a preemptor that is no more important", () => {
  const ledger = aLedger({ name: "victim", cpuMilli: 160 }, { name: "other", cpuMilli: 730, priority: 10 });
  ledger.upsertPod(aPod({ name: "waiting", app: null, cpuMilli: 11, priority: 10, nominatedNode: "node-1" }));
  assert.deepEqual(decide(ledger), dropped("meshShareDoesNotFit"));
  assert.deepEqual(decide(ledger, { priority: 11 }), kept("victim"));
  assert.deepEqual(decide(ledger, { pod: { app: null, cpuMilli: 159 } }), kept("victim"));
  ledger.upsertPod(aPod({ name: "waiting", app: null, cpuMilli: 11, priority: 10, nominatedNode: "node-2" }));
  assert.deepEqual(decide(ledger), kept("victim"));
});

test("a pod outside the mesh is judged by its request against promised room, with no share of the proxy", () => {
  const ledger = aLedger({ name: "victim", cpuMilli: 100 }, { name: "other", cpuMilli: 800 });
  assert.deepEqual(decide(ledger, { pod: { app: null, cpuMilli: 100 } }), kept("victim"));
  ledger.reserve({ pod: aDemand({ name: "promised", app: null, cpuMilli: 1 }), node: NODE, expiresAtMs: 1 });
  assert.deepEqual(
    decide(ledger, { pod: { app: null, cpuMilli: 100 } }),
    withAdded(["other", "victim"], ["other"]),
  );
});

test("each offered node is decided by itself", () => {
  const ledger = aLedger({ name: "victim", cpuMilli: 900 });
  ledger.upsertNode(aNode({ name: "node-2", cpuMilli: 100 }));
  const victims = { pods: [uidOf("victim")], pdbViolations: 3 };
  const nodes = new Map(["node-1", "node-2", "node-3"].map((name) => [name as NodeName, victims]));
  const decisions = preempt(ledger, { pod: { ...aDemand(), priority: 1 }, mayAddVictims: true, nodes });
  assert.deepEqual(Object.fromEntries(decisions), {
    "node-1": { kind: "keptVictims", victims },
    "node-2": dropped("proxyAbsent"),
    "node-3": dropped("nodeUnknown"),
  });
});
