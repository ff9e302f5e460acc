import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import type { AppName } from "./brand.ts";
import { appOfSpiffeId, isTrustDomain, spiffeId } from "./spiffe-id.ts";

const CART = "shop/cart" as AppName;

test("an app's identity names its trust domain, namespace and name", () => {
  assert.equal(spiffeId("cluster.local", CART), "spiffe://cluster.local/ns/shop/app/cart");
});

test("every app is read back from its identity, and from no other trust domain's", () => {
  const namespace = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?$/);
  const name = fc.stringMatching(/^[A-Za-z0-9]([A-Za-z0-9._-]{0,20}[A-Za-z0-9])?$/);
  fc.assert(
    fc.property(namespace, name, (inNamespace, named) => {
      const app = `${inNamespace}/${named}` as AppName;
      assert.equal(appOfSpiffeId(spiffeId("a.example", app), "a.example"), app);
      assert.equal(appOfSpiffeId(spiffeId("a.example", app), "b.example"), undefined);
    }),
  );
});

for (const text of [
  "spiffe://cluster.localx/ns/shop/app/cart",
  "spiffe://cluster.local/ns/shop/sa/cart",
  "spiffe://cluster.local/ns/shop/app/cart/more",
  "spiffe://cluster.local/ns/shop/app/",
  "spiffe://cluster.local/ns//app/cart",
  "spiffe://cluster.local/ns/Shop/app/cart",
  "spiffe://cluster.local/ns/shop/app/cart?x=1",
  "spiffe://cluster.local/ns/shop/app/../cart",
  "SPIFFE://cluster.local/ns/shop/app/cart",
  "https://cluster.local/ns/shop/app/cart",
  "",
]) {
  test(`${JSON.stringify(text)} is nobody's identity`, () => {
    assert.equal(appOfSpiffeId(text, "cluster.local"), undefined);
  });
}

test("a trust domain is lower case letters, digits, dots, dashes and underscores", () => {
  for (const text of ["cluster.local", "prod-1.example.org", "a"]) assert.ok(isTrustDomain(text), text);
  for (const text of ["", "Cluster.local", "a/b", "a:1", ".a", "a b", "x".repeat(256)])
    assert.ok(!isTrustDomain(text), text);
});
