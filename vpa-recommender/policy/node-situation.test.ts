import assert from "node:assert/strict";
import { test } from "node:test";
import type { NodeName } from "#model/brand.ts";
import { ClusterLedger } from "#model/ledger.ts";
import { aNode } from "#test/builders/a-node.ts";
import { aPod } from "#test/builders/a-pod.ts";
import { aProfile } from "#test/builders/a-profile.ts";
import { aProxy } from "#test/builders/a-proxy.ts";
import { GIB, MIB } from "#test/builders/sizes.ts";
import { nodeSituation } from "./node-situation.ts";

const NODE = "node-1" as NodeName;
const OWN = aProxy({ name: "new-proxy", cpuMilli: 150, memoryBytes: 192 * MIB });
const SIZED = { name: NODE, proxy: { uid: OWN.uid, current: OWN.request, infeasible: undefined } };

function aLedger(): ClusterLedger {
  const ledger = new ClusterLedger();
  ledger.upsertNode(aNode());
  ledger.upsertPod(OWN);
  ledger.setProfile(aProfile());
  return ledger;
}

test("bound and nominated pods are both required, and their requests leave less room", () => {
  const ledger = aLedger();
  ledger.upsertPod(aPod({ name: "bound", node: NODE, cpuMilli: 1_000, memoryBytes: GIB }));
  const alone = nodeSituation(ledger, SIZED);
  ledger.upsertPod(aPod({ name: "coming", nominatedNode: NODE, cpuMilli: 500, memoryBytes: GIB }));
  const together = nodeSituation(ledger, SIZED);
  // A second pod of the app: no second base.
  assert.equal(alone?.required.cpuMilli, 100 + 50 + 10);
  assert.equal(together?.required.cpuMilli, 100 + 50 + 10 + 10);
  assert.equal(alone.ceiling.cpuMilli, 4_000 - 1_000);
  assert.equal(together.ceiling.cpuMilli, 4_000 - 1_000 - 500);
});

test("a pod that is nominated and has a promise is counted once", () => {
  const ledger = aLedger();
  const pod = aPod({ nominatedNode: NODE, cpuMilli: 500 });
  ledger.upsertPod(pod);
  const nominated = nodeSituation(ledger, SIZED);
  ledger.reserve({ pod, node: NODE, expiresAtMs: 1 });
  assert.deepEqual(nodeSituation(ledger, SIZED), nominated);
});

test("another proxy on the node, during an upgrade, takes its room", () => {
  const ledger = aLedger();
  ledger.upsertPod(aProxy({ name: "old-proxy", cpuMilli: 300 }));
  assert.equal(nodeSituation(ledger, SIZED)?.ceiling.cpuMilli, 4_000 - 300);
});

test("a next proxy is awaited until it is one of the others", () => {
  const ledger = aLedger();
  const next = aProxy({ name: "next-proxy", cpuMilli: 300 });
  const proxy = { ...SIZED.proxy, next: { uid: next.uid, requests: next.request } };
  const sized = { ...SIZED, proxy };
  assert.equal(nodeSituation(ledger, sized)?.awaited?.cpuMilli, 300);
  assert.equal(nodeSituation(ledger, sized)?.ceiling.cpuMilli, 4_000);
  ledger.upsertPod(next);
  assert.equal(nodeSituation(ledger, sized)?.awaited, undefined);
  assert.equal(nodeSituation(ledger, sized)?.ceiling.cpuMilli, 4_000 - 300);
});

test("there is nothing to say of a node that is not known", () => {
  assert.equal(nodeSituation(new ClusterLedger(), SIZED), undefined);
});
