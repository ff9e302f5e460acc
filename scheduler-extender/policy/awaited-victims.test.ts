// A preemptor that comes back to its nominated node before all of its victims have gone.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { NodeName, PodUid } from "#model/brand.ts";
import { ClusterLedger } from "#model/ledger.ts";
import { aDemand } from "#test/builders/a-demand.ts";
import { aNode } from "#test/builders/a-node.ts";
import { aPod } from "#test/builders/a-pod.ts";
import { aProfile } from "#test/builders/a-profile.ts";
import { aProxy } from "#test/builders/a-proxy.ts";
import { DEFAULT_PROMISE_LIMITS } from "./promise.ts";
import { filterNodes } from "./verbs.ts";

const NODE = "node-1" as NodeName;
const OTHER_NODE = "node-2" as NodeName;
const CONTEXT = { nowMs: 0, limits: DEFAULT_PROMISE_LIMITS };
const PREEMPTED = { name: "victim", app: null, node: "node-1", cpuMilli: 300, isPreempted: true };

/** Two nodes alike with 400 millicores free beside the proxy; the preemptor needs 460 with its share of it. */
function aLedger(victim: Parameters<typeof aPod>[0] = PREEMPTED): ClusterLedger {
  const ledger = new ClusterLedger();
  ledger.setProfile(aProfile());
  for (const node of [NODE, OTHER_NODE]) {
    ledger.upsertNode(aNode({ name: node, cpuMilli: 1_000 }));
    ledger.upsertPod(aProxy({ node, cpuMilli: 100 }));
    ledger.upsertPod(aPod({ name: `on-${node}`, app: null, node, cpuMilli: 200 }));
  }
  ledger.upsertPod(aPod(victim));
  ledger.upsertPod(aPod({ ...victim, name: "victim-2", node: "node-2" }));
  return ledger;
}

function reasonFor(ledger: ClusterLedger, nominatedNode: NodeName | undefined): readonly unknown[] {
  const pod = { ...aDemand({ cpuMilli: 400 }), priority: 5, nominatedNode };
  const { rejected } = filterNodes(ledger, { pod, nodes: [NODE, OTHER_NODE] }, CONTEXT);
  return [rejected.get(NODE), rejected.get(OTHER_NODE)];
}

const SHARE = "meshShareDoesNotFit";

test("a nominated node whose victims still terminate is waited for, not given up for another one", () => {
  assert.deepEqual(reasonFor(aLedger(), NODE), ["awaitsVictims", SHARE]);
  assert.deepEqual(reasonFor(aLedger(), OTHER_NODE), [SHARE, "awaitsVictims"]);
  assert.deepEqual(reasonFor(aLedger(), undefined), [SHARE, SHARE]);
});

test("once the victims have gone, the nominated node takes the pod", () => {
  const ledger = aLedger();
  ledger.removePod(aPod(PREEMPTED).uid);
  assert.deepEqual(reasonFor(ledger, NODE), [undefined, SHARE]);
});

test("a nominated node that fits beside its victims is not waited for", () => {
  assert.deepEqual(reasonFor(aLedger({ ...PREEMPTED, cpuMilli: 240 }), NODE), [undefined, undefined]);
});

test("only pods that kube-scheduler waits for are: preempted ones of a lower priority, bound to the node", () => {
  assert.deepEqual(reasonFor(aLedger({ ...PREEMPTED, isPreempted: false, isTerminating: true }), NODE), [
    SHARE,
    SHARE,
  ]);
  assert.deepEqual(reasonFor(aLedger({ ...PREEMPTED, priority: 5 }), NODE), [SHARE, SHARE]);
  const unbound = aLedger({ ...PREEMPTED, node: "node-3" });
  unbound.upsertPod(aPod({ ...PREEMPTED, node: null }));
  unbound.reserve({ pod: aDemand(PREEMPTED), node: NODE, expiresAtMs: 1 });
  assert.deepEqual(reasonFor(unbound, NODE)[0], SHARE);
});

test("a nominated node that would not do without its victims either is given up", () => {
  const ledger = aLedger();
  ledger.reserve({ pod: aDemand({ name: "late", app: null, cpuMilli: 250 }), node: NODE, expiresAtMs: 1 });
  assert.deepEqual(reasonFor(ledger, NODE), ["appDoesNotFit", SHARE]);
  const claimed = aLedger();
  const waiting = { name: "waiting", app: null, cpuMilli: 250, priority: 5, nominatedNode: "node-1" };
  claimed.upsertPod(aPod(waiting));
  assert.deepEqual(reasonFor(claimed, NODE), ["appDoesNotFit", SHARE]);
  claimed.upsertPod(aPod({ ...waiting, priority: 4 }));
  assert.deepEqual(reasonFor(claimed, NODE), ["awaitsVictims", SHARE]);
  const lost = "node-9" as NodeName;
  assert.deepEqual(reasonFor(ledger, lost), ["appDoesNotFit", SHARE], "nor is one that was not asked about");
});

test("an app at its limit waits likewise for the preempted pods of the app", () => {
  const ledger = aLedger({ ...PREEMPTED, app: "cart", cpuMilli: 10 });
  ledger.setProfile(aProfile({ placement: { maxPodsPerNode: 1 } }));
  assert.deepEqual(reasonFor(ledger, NODE), ["awaitsVictims", "appLimitReached"]);
  ledger.upsertPod(aProxy({ node: "node-1", uid: "uid-of-proxy-on-node-1" as PodUid, isReady: false }));
  assert.deepEqual(reasonFor(ledger, NODE), ["proxyNotReady", "appLimitReached"]);
});
