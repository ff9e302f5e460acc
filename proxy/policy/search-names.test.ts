import assert from "node:assert/strict";
import { test } from "node:test";

import { searchNames } from "./search-names.ts";

test("short names mean services, first in the app's own namespace", () => {
  assert.deepEqual(searchNames("cart", "shop"), ["cart.shop.svc.cluster.local", "cart"]);
  assert.deepEqual(searchNames("cart.shop", "x"), ["cart.shop.svc.cluster.local", "cart.shop"]);
  assert.deepEqual(searchNames("cart.shop.svc", "x"), ["cart.shop.svc.cluster.local", "cart.shop.svc"]);
});

test("whole names are asked for as they are", () => {
  assert.deepEqual(searchNames("api.example.com", "shop"), ["api.example.com"]);
  assert.deepEqual(searchNames("example.com.", "shop"), ["example.com"]);
  assert.deepEqual(searchNames("cart.shop.svc.cluster.local", "x"), ["cart.shop.svc.cluster.local"]);
});
