import assert from "node:assert/strict";
import { test } from "node:test";
import { DecodeError } from "./decode-pod.ts";
import { decodeService } from "./decode-service.ts";

const metadata = { uid: "u1", namespace: "shop", name: "cart" };

test("a Service tells its ports' targets, its own addresses and what it selects", () => {
  const spec = {
    selector: { app: "cart" },
    clusterIP: "10.96.0.1",
    clusterIPs: ["10.96.0.1", "fd00::1"],
    ports: [{ port: 80, targetPort: "web" }, { port: 81 }, { port: 53, protocol: "UDP" }],
  };
  assert.deepEqual(decodeService({ metadata, spec }), {
    ...metadata,
    selector: { app: "cart" },
    ports: [
      { port: 80, target: "web" },
      { port: 81, target: 81 },
    ],
    clusterIps: ["10.96.0.1", "fd00::1"],
    hasOwnRouting: false,
  });
});

test("a Service that stands for a name selects nothing, and a headless one has no address", () => {
  const external = decodeService({ metadata, spec: { type: "ExternalName", selector: { app: "cart" } } });
  assert.deepEqual([external.selector, external.ports, external.clusterIps], [{}, [], []]);
  assert.deepEqual(decodeService({ metadata, spec: { clusterIP: "None" } }).clusterIps, []);
});

test("affinity, node-local traffic and unready endpoints are the Service's own routing", () => {
  for (const spec of [
    { sessionAffinity: "ClientIP" },
    { internalTrafficPolicy: "Local" },
    { publishNotReadyAddresses: true },
  ]) {
    assert.ok(decodeService({ metadata, spec }).hasOwnRouting, JSON.stringify(spec));
  }
});

test("an object without identity is no Service", () => {
  assert.throws(() => decodeService({ metadata: { name: "cart" } }), DecodeError);
  assert.throws(() => decodeService(null), DecodeError);
});
