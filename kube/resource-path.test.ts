import assert from "node:assert/strict";
import { test } from "node:test";
import {
  LEASES,
  MESH_PROFILES,
  NODES,
  POD_METRICS,
  PODS,
  REPLICA_SETS,
  resourcePath,
} from "./resource-path.ts";

test("core kinds live under /api, all others under /apis and their group", () => {
  assert.equal(resourcePath(NODES), "/api/v1/nodes");
  assert.equal(resourcePath({ ...PODS, group: "" }), "/api/v1/pods");
  assert.equal(resourcePath(REPLICA_SETS), "/apis/apps/v1/replicasets");
  assert.equal(resourcePath(POD_METRICS), "/apis/metrics.k8s.io/v1beta1/pods");
  assert.equal(
    resourcePath({ ...MESH_PROFILES, namespace: "shop", name: "cart", subresource: "status" }),
    "/apis/berth.dev/v1alpha1/namespaces/shop/meshprofiles/cart/status",
  );
  assert.equal(
    resourcePath({ ...LEASES, namespace: "berth-system", name: "extender" }),
    "/apis/coordination.k8s.io/v1/namespaces/berth-system/leases/extender",
  );
});

test("a name cannot break out of its segment", () => {
  assert.equal(
    resourcePath({ ...PODS, namespace: "a/b", name: "../x?y" }),
    "/api/v1/namespaces/a%2Fb/pods/..%2Fx%3Fy",
  );
});

test("a subresource without an object is a programmer error", () => {
  assert.throws(() => resourcePath({ ...PODS, subresource: "resize" }), /subresource/);
});
