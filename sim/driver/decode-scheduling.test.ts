import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeDriverPod, decodeNodeSpec } from "./decode-scheduling.ts";

const MIB = 1024 ** 2;

function aPod(spec: object): unknown {
  return { metadata: { uid: "u", name: "p", namespace: "shop", labels: { app: "cart" } }, spec };
}

test("what containers do not request counts in scores, container by container", () => {
  const wishesOf = (...containers: readonly object[]) => decodeDriverPod(aPod({ containers })).wishes;
  const own = { name: "own", resources: { requests: { cpu: "1", memory: "1Gi" } } };
  const { request, scoredRequest } = wishesOf(own, { name: "bare" });
  assert.deepEqual(request, { cpuMilli: 1000, memoryBytes: 1024 * MIB });
  assert.deepEqual(scoredRequest, { cpuMilli: 1100, memoryBytes: 1224 * MIB });
  assert.deepEqual(wishesOf({ name: "cpu", resources: { requests: { cpu: "1" } } }).scoredRequest, {
    cpuMilli: 1000,
    memoryBytes: 200 * MIB,
  });
  assert.equal(wishesOf(own).scoredRequest, undefined);
});

test("a pod's wishes about nodes and other pods are read from where the API has them", () => {
  const labelSelector = { matchLabels: { app: "cart" } };
  const term = { topologyKey: "zone", labelSelector };
  const constraint = { maxSkew: 1, topologyKey: "zone", whenUnsatisfiable: "DoNotSchedule", labelSelector };
  const { wishes } = decodeDriverPod(
    aPod({
      initContainers: [
        { name: "once", image: "init", ports: [{ hostPort: 1 }] },
        { name: "beside", image: "side", restartPolicy: "Always", ports: [{ hostPort: 2, protocol: "UDP" }] },
      ],
      containers: [
        { name: "app", image: "app", ports: [{ containerPort: 80 }, { hostPort: 3, hostIP: "10.0.0.1" }] },
      ],
      topologySpreadConstraints: [constraint],
      affinity: {
        podAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: [term],
          preferredDuringSchedulingIgnoredDuringExecution: [
            { weight: 5, podAffinityTerm: { ...term, namespaces: ["blue"] } },
          ],
        },
        podAntiAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: [{ ...term, namespaceSelector: {} }],
        },
      },
    }),
  );
  assert.equal(wishes.namespace, "shop");
  assert.deepEqual(wishes.labels, { app: "cart" });
  assert.deepEqual(wishes.spreadConstraints, [constraint]);
  assert.deepEqual(wishes.podAffinity, {
    required: [term],
    requiredApart: [{ ...term, namespaces: "all" }],
    preferred: [{ weight: 5, term: { ...term, namespaces: ["blue"] } }],
  });
  assert.deepEqual(wishes.hostPorts, [
    { port: 2, protocol: "UDP" },
    { port: 3, ip: "10.0.0.1" },
  ]);
  assert.deepEqual(wishes.images, ["init", "side", "app"]);
});

test("other resources are those of all containers, or of an init container that needs more; the mesh's own are none", () => {
  const asking = (requests: object, restartPolicy?: string) => ({
    name: "c",
    resources: { requests },
    ...(restartPolicy === undefined ? {} : { restartPolicy }),
  });
  const gpu = (count: string): object => ({ "nvidia.com/gpu": count });
  const { wishes } = decodeDriverPod(
    aPod({
      initContainers: [asking(gpu("1"), "Always"), asking({ ...gpu("4"), "ephemeral-storage": "1Gi" })],
      containers: [asking({ ...gpu("2"), "berth.dev/mesh": "1", cpu: "1" }), asking(gpu("1"))],
    }),
  );
  assert.deepEqual(wishes.otherRequests, { "nvidia.com/gpu": 5, "ephemeral-storage": 1024 * MIB });
  assert.equal(decodeDriverPod(aPod({ containers: [asking({ cpu: "1" })] })).wishes.otherRequests, undefined);
  const allocatable = { cpu: "4", memory: "16Gi", pods: "20", "nvidia.com/gpu": "8" };
  const node = decodeNodeSpec({ metadata: { name: "n" }, status: { allocatable } });
  assert.deepEqual(node.otherAllocatable, { "nvidia.com/gpu": 8 });
});

test("a node's images are read from its status", () => {
  const allocatable = { cpu: "4", memory: "16Gi", pods: "20" };
  const images = [{ names: ["app:1", "app@sha256:0"], sizeBytes: 5 }, { sizeBytes: 7 }];
  const spec = decodeNodeSpec({ metadata: { name: "n" }, status: { allocatable, images } });
  assert.deepEqual(spec.images, [
    { names: ["app:1", "app@sha256:0"], sizeBytes: 5 },
    { names: [], sizeBytes: 7 },
  ]);
  assert.equal(spec.podsMax, 20);
});
