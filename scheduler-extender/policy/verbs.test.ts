import assert from "node:assert/strict";
import { test } from "node:test";
import type { NodeName } from "#model/brand.ts";
import { ClusterLedger } from "#model/ledger.ts";
import { aDemand } from "#test/builders/a-demand.ts";
import { aNode } from "#test/builders/a-node.ts";
import { aPod } from "#test/builders/a-pod.ts";
import { aProfile } from "#test/builders/a-profile.ts";
import { aProxy } from "#test/builders/a-proxy.ts";
import { DEFAULT_PROMISE_LIMITS } from "./promise.ts";
import { filterNodes, prioritizeNodes, SCORE_MAX, scoresOf } from "./verbs.ts";

const CONTEXT = { nowMs: 0, limits: DEFAULT_PROMISE_LIMITS };

/** Nodes `node-1` … of 1,000 millicores with a ready proxy of 200 each. */
function aCluster(nodes = 2): { readonly ledger: ClusterLedger; readonly names: readonly NodeName[] } {
  const ledger = new ClusterLedger();
  const names = Array.from({ length: nodes }, (_, index) => `node-${index + 1}` as NodeName);
  for (const name of names) {
    ledger.upsertNode(aNode({ name, cpuMilli: 1_000 }));
    ledger.upsertPod(aProxy({ node: name }));
  }
  ledger.setProfile(aProfile());
  return { ledger, names };
}

function promisedNode(ledger: ClusterLedger): NodeName | undefined {
  const [reservation] = ledger.reservations();
  return reservation?.node;
}

test("filter passes the nodes that fit and says of each other one why not", () => {
  const { ledger, names } = aCluster(4);
  ledger.upsertPod(aPod({ name: "batch", app: null, node: "node-2", cpuMilli: 650 }));
  ledger.removePod(aProxy({ node: "node-3" }).uid);
  const nodes = [...names, "node-9" as NodeName];
  const { passed, rejected, promised } = filterNodes(
    ledger,
    { pod: aDemand({ cpuMilli: 300 }), nodes },
    CONTEXT,
  );
  assert.deepEqual(passed, ["node-1", "node-4"]);
  assert.deepEqual(Object.fromEntries(rejected), {
    "node-2": "appDoesNotFit",
    "node-3": "proxyAbsent",
    "node-9": "nodeUnknown",
  });
  assert.equal(promised, undefined);
  assert.equal(ledger.reservationCount, 0);
});

test("a filter that leaves one node promises it, since kube-scheduler then skips prioritize", () => {
  const { ledger } = aCluster();
  const nodes = ["node-2" as NodeName];
  const { promised } = filterNodes(ledger, { pod: aDemand(), nodes }, CONTEXT);
  assert.equal(promised, "node-2");
  assert.equal(promisedNode(ledger), "node-2");
});

test("a filter that leaves one node promises it to a pod outside the mesh too", () => {
  const { ledger } = aCluster();
  const nodes = ["node-2" as NodeName];
  filterNodes(ledger, { pod: aDemand({ app: null }), nodes }, CONTEXT);
  assert.equal(promisedNode(ledger), "node-2");
});

test("with one candidate filter answers a mesh pod's winner, which then holds the promise; the others are not rejected", () => {
  const { ledger, names } = aCluster(3);
  ledger.upsertPod(aPod({ name: "sibling", node: "node-2" }));
  const result = filterNodes(ledger, { pod: aDemand(), nodes: names }, { ...CONTEXT, candidates: 1 });
  assert.deepEqual([result.passed, result.promised, result.withheld], [["node-2"], "node-2", 2]);
  assert.equal(result.rejected.size, 0);
  assert.equal(promisedNode(ledger), "node-2");
});

test("with one candidate, too, pods outside the mesh have all the nodes that fit them", () => {
  const { ledger, names } = aCluster(3);
  const question = { pod: aDemand({ app: null }), nodes: names };
  const result = filterNodes(ledger, question, { ...CONTEXT, candidates: 1 });
  assert.deepEqual([result.passed, result.promised, result.withheld], [names, undefined, 0]);
});

test("a pod that is filtered again has lost its earlier promise, which therefore does not stand in its way", () => {
  const { ledger } = aCluster(1);
  const pod = aDemand({ cpuMilli: 500 });
  const question = { pod, nodes: ["node-1" as NodeName] };
  filterNodes(ledger, question, CONTEXT);
  assert.deepEqual(filterNodes(ledger, question, CONTEXT).passed, ["node-1"]);
  assert.equal(ledger.reservationCount, 1);
  filterNodes(ledger, { pod, nodes: [] }, CONTEXT);
  assert.equal(ledger.reservationCount, 0);
});

test("filter ends promises whose time is over and counts them", () => {
  const { ledger, names } = aCluster(1);
  filterNodes(ledger, { pod: aDemand({ name: "cart-1", cpuMilli: 500 }), nodes: names }, CONTEXT);
  const other = { pod: aDemand({ name: "cart-2", cpuMilli: 500 }), nodes: names };
  assert.deepEqual(filterNodes(ledger, other, CONTEXT).passed, []);
  const later = { ...CONTEXT, nowMs: DEFAULT_PROMISE_LIMITS.reservationMs };
  const { passed, expired } = filterNodes(ledger, other, later);
  assert.deepEqual(passed, ["node-1"]);
  assert.equal(expired, 1);
});

test("what was preempted does not come back into the room, share of the proxy included, that a nominated pod waits for", () => {
  const { ledger, names } = aCluster(1);
  const urgent = { name: "urgent", cpuMilli: 500, priority: 10, nominatedNode: "node-1" };
  ledger.upsertPod(aProxy({ cpuMilli: 100 }));
  ledger.upsertPod(aPod(urgent));
  // Of 1,000 millicores the urgent pod takes 500, the proxy's base 100 and its growth 60.
  const passes = (cpuMilli: number, priority: number): boolean => {
    const pod = { ...aDemand({ name: "filler", app: null, cpuMilli }), priority };
    const isPassed = filterNodes(ledger, { pod, nodes: names }, CONTEXT).passed.length === 1;
    ledger.release(pod.uid);
    return isPassed;
  };
  assert.ok(passes(340, 0) && passes(340, 10));
  assert.ok(!passes(341, 0) && !passes(341, 10));
  assert.ok(passes(900, 11), "a more important pod may take it");
  const own = filterNodes(ledger, { pod: aPod(urgent), nodes: names }, CONTEXT);
  assert.deepEqual(own.passed, names, "the pod does not stand in its own way");
  assert.ok(!passes(341, 11), "once promised it counts against every pod, and once only");
  assert.ok(passes(340, 0));
  ledger.removePod(aPod(urgent).uid);
  assert.ok(passes(900, 0));
});

test("prioritize promises the winner's room, so that the next pod sees it taken", () => {
  const { ledger, names } = aCluster();
  const first = prioritizeNodes(
    ledger,
    { pod: aDemand({ name: "cart-1", cpuMilli: 500 }), nodes: names },
    CONTEXT,
  );
  assert.equal(promisedNode(ledger), first?.node);
  const next = { pod: aDemand({ name: "cart-2", cpuMilli: 500 }), nodes: names };
  assert.deepEqual(
    filterNodes(ledger, next, CONTEXT).passed,
    names.filter((name) => name !== first?.node),
  );
});

test("prioritize chooses anew where a pod is asked about twice", () => {
  const { ledger, names } = aCluster();
  const question = { pod: aDemand({ cpuMilli: 700 }), nodes: names };
  const first = prioritizeNodes(ledger, question, CONTEXT);
  assert.deepEqual(prioritizeNodes(ledger, question, CONTEXT), first);
  assert.equal(ledger.reservationCount, 1);
});

test("prioritize promises nothing where no named node fits any more", () => {
  const { ledger, names } = aCluster();
  assert.equal(
    prioritizeNodes(ledger, { pod: aDemand({ cpuMilli: 900 }), nodes: names }, CONTEXT),
    undefined,
  );
  assert.equal(ledger.reservationCount, 0);
});

test("pods outside the mesh are left to kube-scheduler's own preferences", () => {
  const { ledger, names } = aCluster();
  assert.equal(prioritizeNodes(ledger, { pod: aDemand({ app: null }), nodes: names }, CONTEXT), undefined);
  assert.equal(ledger.reservationCount, 0);
});

test("scores are whole, fall by one from the top, and are never 0", () => {
  const names = Array.from({ length: 14 }, (_, index) => `node-${index}` as NodeName);
  const scores = scoresOf(names);
  assert.deepEqual(
    scores.map(({ score }) => score),
    [10, 9, 8, 7, 6, 5, 4, 3, 2, 1],
  );
  assert.equal(scores[0]?.node, "node-0");
});

test("of more nodes than there are scores the best ones are ranked, the winner alone at the top", () => {
  const { ledger, names } = aCluster(14);
  const placement = prioritizeNodes(ledger, { pod: aDemand(), nodes: names }, CONTEXT);
  const scores = scoresOf(placement?.ranking ?? []);
  assert.equal(scores.length, SCORE_MAX);
  assert.deepEqual(
    scores.filter(({ score }) => score === SCORE_MAX).map(({ node }) => node),
    [placement?.node],
  );
});
