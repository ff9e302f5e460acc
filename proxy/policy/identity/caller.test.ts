import assert from "node:assert/strict";
import { test } from "node:test";
import type { AppName } from "#model/brand.ts";
import { allowedCaller, type AllowedCaller, ANYBODY, type CallerRules } from "#model/callers.ts";
import { type Caller, callerOf, callerRefusal, isNearlyExpired, UNIDENTIFIED } from "./caller.ts";

const DOMAIN = "cluster.local";
const WEB: Caller = { kind: "app", app: "shop/web" as AppName, notAfterMs: 1_000 };

function shown(subjectAltName: string | undefined, fault?: string): Caller {
  return callerOf({ subjectAltName, notAfterMs: 1_000, fault }, DOMAIN);
}

function only(...texts: readonly string[]): CallerRules {
  const allowed = texts.map(allowedCaller).filter((rule): rule is AllowedCaller => rule !== undefined);
  assert.equal(allowed.length, texts.length);
  return { allowed, withoutIdentity: "refuse" };
}

test("a certificate of the mesh says which app calls", () => {
  assert.deepEqual(shown("URI:spiffe://cluster.local/ns/shop/app/web"), WEB);
});

test("whoever shows no certificate is unidentified, and let in unless the profile says otherwise", () => {
  assert.equal(callerOf(undefined, DOMAIN), UNIDENTIFIED);
  assert.equal(callerRefusal(UNIDENTIFIED, ANYBODY, 0), undefined);
  assert.equal(callerRefusal(UNIDENTIFIED, { withoutIdentity: "refuse" }, 0), "identityRequired");
});

for (const [what, caller, reason] of [
  [
    "an expired certificate",
    shown("URI:spiffe://cluster.local/ns/shop/app/web", "CERT_HAS_EXPIRED"),
    "certificateExpired",
  ],
  [
    "a certificate of another authority",
    shown("URI:spiffe://cluster.local/ns/shop/app/web", "UNABLE_TO_VERIFY_LEAF_SIGNATURE"),
    "certificateForeign",
  ],
  [
    "a self-signed certificate",
    shown("URI:spiffe://cluster.local/ns/shop/app/web", "DEPTH_ZERO_SELF_SIGNED_CERT"),
    "certificateForeign",
  ],
  ["another trust domain", shown("URI:spiffe://b.example/ns/shop/app/web"), "identityMalformed"],
  ["a host's name", shown("DNS:web.shop.svc"), "identityMalformed"],
  [
    "a second name",
    shown("URI:spiffe://cluster.local/ns/shop/app/web, URI:spiffe://cluster.local/ns/shop/app/cart"),
    "identityMalformed",
  ],
  ["a quoted name", shown('URI:"spiffe://cluster.local/ns/shop/app/web"'), "identityMalformed"],
  ["no name", shown(undefined), "identityMalformed"],
] as const) {
  test(`${what} proves nothing, also where anybody is let in`, () => {
    assert.equal(caller.kind, "unproven");
    assert.equal(callerRefusal(caller, ANYBODY, 0), reason);
  });
}

test("a connection is refused once the certificate it was opened with is over", () => {
  assert.equal(callerRefusal(WEB, ANYBODY, 999), undefined);
  assert.equal(callerRefusal(WEB, ANYBODY, 1_000), "certificateExpired");
});

test("where callers are named nobody else is let in", () => {
  for (const rules of [only("shop/web"), only("shop/*"), only("ops/*", "shop/web"), only("*/*")])
    assert.equal(callerRefusal(WEB, rules, 0), undefined);
  for (const rules of [only(), only("shop/web2"), only("shop/we"), only("shopping/*"), only("ops/web")])
    assert.equal(callerRefusal(WEB, rules, 0), "callerNotAllowed");
});

test("a caller is an app, a namespace's apps, or all; an app of whatever namespace is nobody", () => {
  for (const text of ["*/web", "web", "shop/", "/web", "shop/web/x", "Shop/web", "shop/we*", "*", ""])
    assert.equal(allowedCaller(text), undefined, text);
});

test("a caller's certificate is nearly expired from a minute before its end, and whoever has none never", () => {
  const caller: Caller = { kind: "app", app: "shop/web" as AppName, notAfterMs: 100_000 };
  assert.ok(!isNearlyExpired(caller, 39_999));
  assert.ok(isNearlyExpired(caller, 40_000));
  assert.ok(isNearlyExpired(caller, 200_000));
  assert.ok(!isNearlyExpired(UNIDENTIFIED, 200_000));
});
