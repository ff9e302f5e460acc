import assert from "node:assert/strict";
import { test } from "node:test";
import { APP_LABEL, APP_LABEL_FALLBACK, appName, appOf, MESH_LABEL, meshAppOf, splitAppName } from "./app.ts";

test("an app is named by its own label before the recommended one", () => {
  assert.equal(appOf("shop", { [APP_LABEL]: "cart", [APP_LABEL_FALLBACK]: "web" }), "shop/cart");
  assert.equal(appOf("shop", { [APP_LABEL_FALLBACK]: "web" }), "shop/web");
});

test("apps of the same name in two namespaces are two apps", () => {
  assert.notEqual(appOf("shop", { [APP_LABEL]: "cart" }), appOf("test", { [APP_LABEL]: "cart" }));
});

test("a pod without a name for its app belongs to none", () => {
  assert.equal(appOf("shop", {}), undefined);
  assert.equal(appOf("shop", { [APP_LABEL]: "" }), undefined);
});

test("only a pod that is labelled as part of the mesh has a mesh app", () => {
  assert.equal(meshAppOf("shop", { [APP_LABEL]: "cart" }), undefined);
  assert.equal(meshAppOf("shop", { [APP_LABEL]: "cart", [MESH_LABEL]: "disabled" }), undefined);
  assert.equal(meshAppOf("shop", { [APP_LABEL]: "cart", [MESH_LABEL]: "enabled" }), "shop/cart");
  assert.equal(meshAppOf("shop", { [MESH_LABEL]: "enabled" }), undefined);
});

test("an app's name splits into what it was made of", () => {
  assert.deepEqual(splitAppName(appName("shop", "cart")), { namespace: "shop", name: "cart" });
});
