import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";

import type { AppName } from "#model/brand.ts";
import { VirtualClock } from "#runtime/virtual-clock.ts";

import { UNIDENTIFIED } from "../../policy/identity/caller.ts";
import { TestAuthority } from "../../testing/test-authority.ts";
import { type AppIdentity, NO_IDENTITY } from "./app-identity.ts";
import { IdentityGate } from "./identity-gate.ts";

const CART = "shop/cart" as AppName;
const USED: AppIdentity = { ...NO_IDENTITY, mode: "use" };

function gate(identity: AppIdentity): { readonly gate: IdentityGate; readonly clock: VirtualClock } {
  const clock = new VirtualClock();
  const nobody = (): undefined => undefined;
  return { clock, gate: new IdentityGate({ identity, clock, secured: nobody, audited: nobody }) };
}

test("without a certificate there is no way to another node after ten seconds, and no plain one", async () => {
  const { gate: own, clock } = gate(USED);
  assert.ok(own.isUsed);
  const way = own.towards(CART);
  assert.ok(way instanceof Promise);
  clock.advance(10_000);
  assert.equal(await way, undefined);
});

test("a way that waits is found with the first certificate, and later ones are other connections", async () => {
  const authority = await TestAuthority.make();
  const { gate: own } = gate(USED);
  const waiting = own.towards(CART);
  own.update({ ...USED, material: await authority.certify("shop/web") });
  const first = await waiting;
  assert.ok(first !== undefined);
  own.update({ ...USED, material: await authority.certify("shop/web") });
  let later = own.towards(CART);
  for (let turns = 0; turns < 50 && !(later instanceof Promise) && later.key === first.key; turns++) {
    await setImmediate();
    later = own.towards(CART);
  }
  assert.ok(!(later instanceof Promise));
  assert.notEqual(later.key, first.key);
  const toAnother = own.towards("shop/wish" as AppName);
  assert.ok(!(toAnother instanceof Promise) && toAnother.key !== later.key);
});

test("rules hold as soon as they are told, whatever certificates there are", () => {
  const { gate: own } = gate(NO_IDENTITY);
  assert.ok(!own.isUsed);
  assert.equal(own.refusalOf(UNIDENTIFIED, "10.0.0.1"), undefined);
  own.update({ ...NO_IDENTITY, callers: { withoutIdentity: "refuse" } });
  assert.equal(own.refusalOf(UNIDENTIFIED, "10.0.0.1"), "identityRequired");
});
