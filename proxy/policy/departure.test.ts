import assert from "node:assert/strict";
import { test } from "node:test";

import type { AppName } from "#model/brand.ts";

import { COMPANY_MS, DEPARTURE_MS_MAX, mayLeave, MOVED_MS } from "./departure.ts";
import type { DepartingInstance } from "./departure.ts";

function departing(app: string, facts: Partial<DepartingInstance> = {}): DepartingInstance {
  const quiet = { isServing: true, isServedByPeer: false, isSettled: false, announcedMs: undefined };
  return { app: app as AppName, ...quiet, ...facts };
}

test("an app that the next proxy serves is left at once, the others wait for it", () => {
  const instances = [departing("shop/cart", { isServedByPeer: true }), departing("shop/pay")];
  assert.deepEqual(mayLeave({ elapsedMs: 0, hasPeer: true, instances }), ["shop/cart"]);
});

test("an app that does not serve has nothing to wait for", () => {
  const instances = [departing("shop/cart", { isServing: false }), departing("shop/pay")];
  assert.deepEqual(mayLeave({ elapsedMs: 0, hasPeer: true, instances }), ["shop/cart"]);
});

test("a proxy alone goes on listening until what was in progress is done, and then leaves all apps together", () => {
  const done = departing("shop/cart", { isSettled: true });
  const busy = departing("shop/pay");
  const idle = departing("shop/ship", { isServing: false });
  const alone = { hasPeer: false, elapsedMs: COMPANY_MS };
  assert.deepEqual(mayLeave({ ...alone, instances: [done, busy, idle] }), []);
  const settled = [done, { ...busy, isSettled: true }, idle];
  assert.deepEqual(mayLeave({ ...alone, instances: settled }), ["shop/cart", "shop/pay", "shop/ship"]);
});

test("a proxy alone gives another one a moment to come", () => {
  const instances = [departing("shop/cart", { isSettled: true })];
  assert.deepEqual(mayLeave({ elapsedMs: COMPANY_MS - 1, hasPeer: false, instances }), []);
});

test("nothing is waited for beyond the longest departure", () => {
  const instances = [departing("shop/cart"), departing("shop/pay")];
  for (const hasPeer of [true, false]) {
    assert.deepEqual(mayLeave({ elapsedMs: DEPARTURE_MS_MAX - 1, hasPeer, instances }), []);
    assert.equal(mayLeave({ elapsedMs: DEPARTURE_MS_MAX, hasPeer, instances }).length, 2);
  }
});

test("a proxy alone waits until other nodes send its apps' requests elsewhere, and a moment longer", () => {
  const movedAtMs = 2_000;
  const instances = [
    departing("shop/cart", { isSettled: true, announcedMs: movedAtMs }),
    departing("shop/pay", { isSettled: true }),
  ];
  const alone = { hasPeer: false, instances };
  assert.deepEqual(mayLeave({ ...alone, elapsedMs: movedAtMs }), []);
  assert.deepEqual(mayLeave({ ...alone, elapsedMs: movedAtMs + MOVED_MS - 1 }), []);
  assert.deepEqual(mayLeave({ ...alone, elapsedMs: movedAtMs + MOVED_MS }), ["shop/cart", "shop/pay"]);
  // Nobody may say so, as where the extender is away.
  const never = [departing("shop/cart", { isSettled: true, announcedMs: DEPARTURE_MS_MAX })];
  assert.deepEqual(mayLeave({ hasPeer: false, elapsedMs: DEPARTURE_MS_MAX, instances: never }), [
    "shop/cart",
  ]);
});
