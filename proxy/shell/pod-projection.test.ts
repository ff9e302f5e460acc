import assert from "node:assert/strict";
import { test } from "node:test";

import { projectPod } from "./pod-projection.ts";

const LABELS = { "berth.dev/mesh": "enabled", "berth.dev/app": "cart" };
const READY = { podIP: "10.0.0.1", phase: "Running", conditions: [{ type: "Ready", status: "True" }] };
const PORTS = [{ ports: [{ containerPort: 53, protocol: "UDP" }] }, { ports: [{ containerPort: 8080 }] }];

function aPod(overrides: { metadata?: object; spec?: object; status?: object } = {}): unknown {
  return {
    metadata: { uid: "u1", name: "cart-1", namespace: "shop", labels: LABELS, ...overrides.metadata },
    spec: { containers: PORTS, ...overrides.spec },
    status: { ...READY, ...overrides.status },
  };
}

test("a ready mesh pod has its app, address and first TCP port", () => {
  assert.deepEqual(projectPod(aPod()).pod, {
    uid: "u1",
    namespace: "shop",
    name: "cart-1",
    app: "shop/cart",
    address: "10.0.0.1",
    port: 8080,
    condition: "ready",
  });
});

test("the annotation names the port, and a wrong one is not replaced by a guess", () => {
  const port = (value: string): number | undefined =>
    projectPod(aPod({ metadata: { annotations: { "berth.dev/app-port": value } } })).pod?.port;
  assert.equal(port("9000"), 9000);
  assert.equal(port("http"), undefined);
  assert.equal(port("70000"), undefined);
});

test("a pod is unready until it is Ready, and drains once it is being deleted", () => {
  assert.equal(projectPod(aPod({ status: { conditions: null } })).pod?.condition, "unready");
  const metadata = { deletionTimestamp: "2026-01-01T00:00:00Z" };
  assert.equal(projectPod(aPod({ metadata })).pod?.condition, "draining");
});

test("a pod outside the mesh, without an address or finished is none of ours", () => {
  assert.equal(projectPod(aPod({ metadata: { labels: { "berth.dev/app": "cart" } } })).pod, undefined);
  assert.equal(projectPod(aPod({ status: { podIP: "" } })).pod, undefined);
  assert.deepEqual(projectPod(aPod({ status: { phase: "Succeeded" } })), {
    uid: "u1",
    isFinished: true,
    pod: undefined,
  });
});

test("what is no pod is an error", () => {
  assert.throws(() => projectPod({ metadata: {} }), TypeError);
});
