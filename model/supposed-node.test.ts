import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { aDemand } from "#test/builders/a-demand.ts";
import { aNode } from "#test/builders/a-node.ts";
import { aPod } from "#test/builders/a-pod.ts";
import { aProfile } from "#test/builders/a-profile.ts";
import { aProxy } from "#test/builders/a-proxy.ts";
import { anyEvent, NODE_NAMES } from "#test/builders/cluster-events.ts";
import type { PodUid } from "./brand.ts";
import { ClusterLedger } from "./ledger.ts";
import type { NodeAccount } from "./node-ledger.ts";

const NODE = NODE_NAMES[0]!;

// An instance costs 50m, each pod 10m; the pods request 100m each.
function aLedger(): ClusterLedger {
  const ledger = new ClusterLedger();
  ledger.setProfile(aProfile());
  ledger.upsertNode(aNode());
  ledger.upsertPod(aProxy());
  for (const name of ["cart-1", "cart-2"]) ledger.upsertPod(aPod({ name, node: "node-1" }));
  return ledger;
}

test("an app's base goes with the last of its pods, and comes back with the first", () => {
  const supposed = aLedger().suppose(NODE)!;
  const cpu = (): number => supposed.account.modelCost.cpuMilli;
  const last = supposed.account.occupants.get(aPod({ name: "cart-2" }).uid)!;
  assert.equal(cpu(), 70);
  supposed.remove(aPod({ name: "cart-1" }).uid);
  assert.equal(cpu(), 60);
  supposed.remove(last.uid);
  assert.equal(cpu(), 0);
  assert.equal(supposed.account.requested.cpuMilli, 0);
  supposed.add(last);
  assert.equal(cpu(), 60);
  assert.equal(supposed.account.requested.cpuMilli, 100);
});

test("a promise and a proxy can be taken out as well; what is not there changes nothing", () => {
  const ledger = aLedger();
  const promised = aDemand({ name: "cart-3" });
  ledger.reserve({ pod: promised, node: NODE, expiresAtMs: 1 });
  const supposed = ledger.suppose(NODE)!;
  supposed.remove(promised.uid);
  assert.equal(supposed.account.requested.cpuMilli, 200);
  supposed.remove("nobody" as PodUid);
  assert.equal(supposed.account.requested.cpuMilli, 200);
  supposed.remove(aProxy().uid);
  assert.equal(supposed.account.counted, undefined);
  assert.equal(ledger.node(NODE)?.counted?.cpuMilli, 200);
});

test("nothing can be supposed of a node that was not seen", () => {
  assert.equal(new ClusterLedger().suppose(NODE), undefined);
});

test("a supposed node is what the ledger would say without those pods, and the ledger stays as it is", () => {
  const anyUids = fc.subarray(
    [1, 2, 3, 4, 5, 6, 7, 8].map((number) => `uid-of-pod-${number}`).concat("uid-of-proxy-old-node-1"),
  );
  const history = fc.array(anyEvent, { maxLength: 60, size: "max" });
  fc.assert(
    fc.property(history, anyUids, (events, uids) => {
      const [ledger, without] = [new ClusterLedger(), new ClusterLedger()];
      for (const { apply } of events) {
        apply(ledger);
        apply(without);
      }
      const before = NODE_NAMES.map((name) => contentsOf(ledger.node(name)));
      for (const uid of uids) without.removePod(uid as PodUid);
      for (const name of NODE_NAMES) {
        const supposed = ledger.suppose(name);
        for (const uid of uids) supposed?.remove(uid as PodUid);
        assert.deepEqual(contentsOf(supposed?.account), contentsOf(without.node(name)));
      }
      assert.deepEqual(
        NODE_NAMES.map((name) => contentsOf(ledger.node(name))),
        before,
      );
    }),
    { numRuns: 300 },
  );
});

function contentsOf(node: NodeAccount | undefined): object | undefined {
  return (
    node && {
      ...node,
      appPods: new Map(node.appPods),
      occupants: new Map(node.occupants),
      proxies: new Map(node.proxies),
      holds: new Map(node.holds),
    }
  );
}
