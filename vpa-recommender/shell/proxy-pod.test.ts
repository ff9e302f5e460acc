import assert from "node:assert/strict";
import { test } from "node:test";
import { MIB } from "#test/builders/sizes.ts";
import { decodeProxyPod } from "./proxy-pod.ts";

const REQUESTS = { cpu: "150m", memory: "192Mi" };

function aRawProxy({ spec = {}, status = {}, metadata = {} } = {}): object {
  return {
    metadata: { uid: "uid-1", name: "proxy-1", namespace: "berth-system", generation: 3, ...metadata },
    spec: { nodeName: "node-1", containers: [{ name: "proxy", resources: { requests: REQUESTS } }], ...spec },
    status,
  };
}

function pending(reason: string, observedGeneration?: number): object {
  return { conditions: [{ type: "PodResizePending", status: "True", reason, observedGeneration }] };
}

test("the container that carries the mesh is sized, wherever it stands", () => {
  const containers = [
    { name: "logger", resources: { requests: { cpu: "1", memory: "1Gi" } } },
    { name: "proxy", resources: { requests: REQUESTS, limits: { memory: "256Mi" } } },
  ];
  const proxy = decodeProxyPod(aRawProxy({ spec: { containers } }));
  assert.equal(proxy.containerName, "proxy");
  assert.deepEqual(proxy.requests, { cpuMilli: 150, memoryBytes: 192 * MIB });
  assert.deepEqual(proxy.limits, { memoryBytes: 256 * MIB });
  const [logger] = containers;
  assert.equal(decodeProxyPod(aRawProxy({ spec: { containers: [logger] } })).containerName, "logger");
});

test("what kubelet allocated is told apart from what the spec asks for", () => {
  const containerStatuses = [{ name: "proxy", allocatedResources: { cpu: "100m" } }];
  const proxy = decodeProxyPod(aRawProxy({ status: { containerStatuses } }));
  assert.deepEqual(proxy.allocated, { cpuMilli: 100, memoryBytes: 192 * MIB });
  assert.deepEqual(decodeProxyPod(aRawProxy()).allocated, proxy.requests);
});

test("a resize that kubelet put off is told, unless the condition speaks of an earlier spec", () => {
  for (const reason of ["Deferred", "Infeasible"])
    assert.equal(decodeProxyPod(aRawProxy({ status: pending(reason) })).pendingResize, reason);
  assert.equal(decodeProxyPod(aRawProxy({ status: pending("Deferred", 3) })).pendingResize, "Deferred");
  assert.equal(decodeProxyPod(aRawProxy({ status: pending("Deferred", 2) })).pendingResize, undefined);
  assert.equal(decodeProxyPod(aRawProxy()).pendingResize, undefined);
});

test("a pod without a container is no proxy", () => {
  assert.throws(() => decodeProxyPod(aRawProxy({ spec: { containers: [] } })), /needs metadata\.uid/);
});
