import assert from "node:assert/strict";
import { test } from "node:test";

import { serviceKeyOf } from "./service-key.ts";

test("a Service is meant by its name in the app's namespace, and by every longer form", () => {
  for (const host of ["cart", "cart.shop", "cart.shop.svc", "cart.shop.svc.cluster.local"]) {
    assert.equal(serviceKeyOf(host, "shop"), "shop/cart", host);
  }
  assert.equal(serviceKeyOf("cart.shop.svc.cluster.local.", "pay"), "shop/cart");
  assert.equal(serviceKeyOf("cart", "pay"), "pay/cart");
});

test("names that no Service has are nobody's", () => {
  const names = [
    "",
    "cart.",
    "cart.shop.",
    "www.example.com",
    "cart-0.cart.shop.svc.cluster.local",
    "cart.shop.svc.example.org",
    "cart.shop.pod",
    "10.96.0.1",
    "fd00::1",
    "_http._tcp.cart",
    `${"a".repeat(260)}`,
  ];
  for (const host of names) assert.equal(serviceKeyOf(host, "shop"), undefined, host);
});
