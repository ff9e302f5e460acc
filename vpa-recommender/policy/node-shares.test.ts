import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import type { NodeName } from "#model/brand.ts";
import { ClusterLedger } from "#model/ledger.ts";
import { addResources, isWithin, noResources } from "#model/resources.ts";
import { aNode } from "#test/builders/a-node.ts";
import { anApp, aPod } from "#test/builders/a-pod.ts";
import { aProfile } from "#test/builders/a-profile.ts";
import { aProxy } from "#test/builders/a-proxy.ts";
import { MIB } from "#test/builders/sizes.ts";
import { isWorthSharing, nodeShares, type SharingInput } from "./node-shares.ts";

const NODE = "node-1" as NodeName;
const CART = anApp("cart");
const PAY = anApp("pay");
/** Base 100m and 128 MiB; cart with two pods calls for 70m and 120 MiB, pay with one for 60m and 110 MiB. */
const ENOUGH = { cpuMilli: 300, memoryBytes: 400 * MIB };

function input({ correction = { cpu: 1, memory: 1 }, size = ENOUGH, pods = [2, 1] } = {}): SharingInput {
  const ledger = new ClusterLedger();
  ledger.upsertNode(aNode());
  ledger.upsertPod(aProxy({ correction }));
  for (const [index, app] of ["cart", "pay"].entries()) {
    ledger.setProfile(aProfile({ app, ...(app === "pay" && { quota: { memoryBytes: 150 * MIB } }) }));
    for (let pod = 0; pod < (pods[index] ?? 0); pod++)
      ledger.upsertPod(aPod({ name: `${app}-${pod}`, app, node: NODE }));
  }
  const node = ledger.node(NODE);
  assert.ok(node !== undefined);
  return { node, costs: ledger, size };
}

test("an app is guaranteed what the node's requirement counts for it, and may use what the proxy has", () => {
  const shares = nodeShares(input({ correction: { cpu: 1.5, memory: 1 } }));
  assert.deepEqual(shares.get(CART), {
    guaranteed: { cpuMilli: 105, memoryBytes: 120 * MIB },
    cap: { cpuMilli: 200, memoryBytes: 272 * MIB },
  });
});

test("an app's quota and the platform's cap both bound what it may use", () => {
  const capOf = (): { cpuMilli: number } => ({ cpuMilli: 30 });
  assert.deepEqual(nodeShares({ ...input(), capOf }).get(PAY), {
    guaranteed: { cpuMilli: 30, memoryBytes: 110 * MIB },
    cap: { cpuMilli: 30, memoryBytes: 150 * MIB },
  });
});

test("a proxy that is too small guarantees every app the same part of what it calls for", () => {
  const shares = nodeShares(input({ size: { cpuMilli: 165, memoryBytes: 400 * MIB } }));
  assert.equal(shares.get(CART)?.guaranteed.cpuMilli, 35);
  assert.equal(shares.get(PAY)?.guaranteed.cpuMilli, 30);
  assert.equal(shares.get(CART)?.guaranteed.memoryBytes, 120 * MIB);
});

test("guarantees never add up to more than the proxy has, and none is above its cap", () => {
  fc.assert(
    fc.property(
      fc.record({
        pods: fc.array(fc.nat(20), { minLength: 2, maxLength: 2 }),
        size: fc.record({ cpuMilli: fc.nat(2_000), memoryBytes: fc.nat(4_096 * MIB) }),
        correction: fc.record({
          cpu: fc.double({ min: 0.5, max: 3, noNaN: true }),
          memory: fc.double({ min: 0.5, max: 3, noNaN: true }),
        }),
      }),
      (situation) => {
        const given = input(situation);
        let sum = noResources;
        for (const { guaranteed, cap } of nodeShares(given).values()) {
          assert.ok(isWithin(guaranteed, cap));
          sum = addResources(sum, guaranteed);
        }
        const base = given.node.proxyBase;
        assert.ok(sum.cpuMilli <= Math.max(0, given.size.cpuMilli - base.cpuMilli));
        assert.ok(sum.memoryBytes <= Math.max(0, given.size.memoryBytes - base.memoryBytes));
      },
    ),
  );
});

test("small movements are not told, another set of apps is", () => {
  const told = nodeShares(input());
  assert.equal(isWorthSharing(undefined, told), true);
  assert.equal(isWorthSharing(undefined, new Map()), false);
  assert.equal(isWorthSharing(told, told), false);
  assert.equal(isWorthSharing(told, nodeShares(input({ correction: { cpu: 1.04, memory: 1.04 } }))), false);
  assert.equal(isWorthSharing(told, nodeShares(input({ correction: { cpu: 1.1, memory: 1 } }))), true);
  assert.equal(isWorthSharing(told, nodeShares(input({ pods: [2, 0] }))), true);
});
