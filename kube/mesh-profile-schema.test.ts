import assert from "node:assert/strict";
import { test } from "node:test";
import { DEFAULT_APP_COST, defaultProfile, type MeshProfile } from "#model/mesh-profile.ts";
import { anApp } from "#test/builders/a-pod.ts";
import { MIB } from "#test/builders/sizes.ts";
import { DecodeError } from "./decode-pod.ts";
import { learnedStatus } from "./learned-cost-schema.ts";
import type { AppCost } from "#model/mesh-profile.ts";
import { decodeMeshProfile } from "./mesh-profile-schema.ts";

const metadata = { name: "cart", namespace: "shop", resourceVersion: "1" };

function decoded(spec?: unknown, status?: unknown): MeshProfile {
  return decodeMeshProfile({ kind: "MeshProfile", metadata, spec, status });
}

test("a profile that says nothing is the default profile of the app it is named after", () => {
  const unreleased = { ...defaultProfile(anApp("cart")), releaseDue: "unrecorded" };
  assert.deepEqual(decoded(), unreleased);
  assert.deepEqual(decoded({}, {}), unreleased);
});

test("a full profile is read into the model's units", () => {
  const profile = decoded(
    {
      cost: {
        base: { cpu: "75m", memory: "150Mi" },
        perPod: { cpu: "5m", memory: "4Mi" },
        perConnection: { cpu: "100u", memory: "16Ki" },
        perKiloRps: { cpu: "180m", memory: "8Mi" },
        connectionsPerPod: 12.5,
        requestsPerSecondPerPod: 80,
      },
      quota: {
        cpu: "1500m",
        memory: "1Gi",
        connections: 1000,
        requestsPerSecond: 0.5,
        burst: 20,
        concurrency: 64,
      },
      isolation: "process",
      tcpPorts: [{ listenPort: 10_432, podPort: 5_432 }],
      observation: { accessLog: { sampleRatio: 0.01 }, traces: { sampleRatio: 0.5 } },
      placement: { maxPodsPerNode: 8, maxPodsPerZone: 40 },
    },
    { ports: { inbound: 20_000, outbound: 20_001 } },
  );
  assert.deepEqual(profile, {
    app: "shop/cart",
    cost: {
      base: { cpuMilli: 75, memoryBytes: 150 * MIB },
      perPod: { cpuMilli: 5, memoryBytes: 4 * MIB },
      perConnection: { cpuMilli: 1, memoryBytes: 16 * 1024 },
      perKiloRps: { cpuMilli: 180, memoryBytes: 8 * MIB },
      connectionsPerPod: 12.5,
      kiloRpsPerPod: 0.08,
    },
    quota: {
      cpuMilli: 1_500,
      memoryBytes: 1024 * MIB,
      connections: 1_000,
      requestsPerSecond: 0.5,
      burst: 20,
      concurrency: 64,
    },
    isolation: "process",
    tcpPorts: [{ listenPort: 10_432, podPort: 5_432 }],
    observation: { accessLogRatio: 0.01, traces: { sampleRatio: 0.5 } },
    placement: { maxPodsPerNode: 8, maxPodsPerZone: 40 },
    ports: { inbound: 20_000, outbound: 20_001 },
    releaseDue: "unrecorded",
  });
});

test("a cost that is given in part keeps the rest of the default", () => {
  const { cost } = decoded({ cost: { base: { cpu: "1" } } });
  assert.deepEqual(cost.base, { cpuMilli: 1_000, memoryBytes: DEFAULT_APP_COST.base.memoryBytes });
  assert.deepEqual(cost.perPod, DEFAULT_APP_COST.perPod);
});

test("an absent limit is an absent key", () => {
  assert.deepEqual(Object.keys(decoded({ quota: { connections: 5 }, placement: {} }).quota), ["connections"]);
});

const CONDITION = {
  type: "PortsAllocated",
  status: "True",
  lastTransitionTime: "2030-01-31T12:00:00Z",
  reason: "Allocated",
  message: "",
};

test("a status of a later version is read, as far as it is known here", () => {
  const { ports } = decoded(
    {},
    {
      ports: { inbound: 20_000, outbound: 20_001, control: 20_002 },
      conditions: [{ ...CONDITION, severity: "Info" }],
      forecast: { base: {} },
    },
  );
  assert.deepEqual(ports, { inbound: 20_000, outbound: 20_001 });
});

test("learned costs are read back as they were written, to four digits", () => {
  const cost: AppCost = {
    base: { cpuMilli: 41.3, memoryBytes: 90_000_001 },
    perPod: { cpuMilli: 0, memoryBytes: 5_000_000 },
    perConnection: { cpuMilli: 0.021_34, memoryBytes: 31_000 },
    perKiloRps: { cpuMilli: 180, memoryBytes: 0 },
    connectionsPerPod: 12.5,
    kiloRpsPerPod: 0.05,
  };
  const learned = learnedStatus({ cost, confidence: 0.918, samples: 1_200 }, Date.UTC(2026, 0, 1));
  assert.equal(learned.learnedAt, "2026-01-01T00:00:00Z");
  assert.deepEqual(decoded({}, { learned }).learned, { cost, confidence: 0.91 });
});

test("a status is out of date while it says nothing of the present spec's ports", () => {
  const isOutdated = (status: object): unknown => {
    const object = { metadata: { ...metadata, generation: 2 }, status };
    return decodeMeshProfile(object).isStatusOutdated ?? false;
  };
  const ports = { inbound: 20_000, outbound: 20_001 };
  const said = (observedGeneration: number, type = "PortsAllocated"): object => ({
    conditions: [{ ...CONDITION, type, observedGeneration }],
  });
  assert.equal(isOutdated({ ports, ...said(2) }), false);
  assert.equal(isOutdated({ ports, ...said(1) }), true);
  assert.equal(isOutdated({ ports, ...said(2, "Audited") }), true);
  assert.equal(isOutdated({ ports, conditions: [CONDITION] }), true);
  assert.equal(isOutdated({ ports }), true);
  // Without ports there is nothing to say, until a pod asks for some.
  assert.equal(isOutdated({}), false);
});

test("unknown keys of a spec are refused wherever they stand, by name", () => {
  for (const [spec, key] of [
    [{ quotas: {} }, "quotas"],
    [{ cost: { basis: {} } }, "basis"],
    [{ cost: { base: { gpu: "1" } } }, "gpu"],
    [{ quota: { bandwidth: 1 } }, "bandwidth"],
    [{ placement: { maxPodsPerNod: 1 } }, "maxPodsPerNod"],
  ] as const) {
    assert.throws(
      () => decoded(spec),
      new RegExp(`^DecodeError: MeshProfile shop/cart: .*"${key}"`, "s"),
      key,
    );
  }
});

test("a wrong value is an error that names the profile and the path of the field", () => {
  for (const [spec, path] of [
    [{ cost: { base: { memory: "200 Mi" } } }, "spec.cost.base.memory"],
    [{ cost: { base: { cpu: "-1" } } }, "spec.cost.base.cpu"],
    [{ cost: { connectionsPerPod: -1 } }, "spec.cost.connectionsPerPod"],
    [{ quota: { memory: 5 } }, "spec.quota.memory"],
    [{ quota: { connections: 1.5 } }, "spec.quota.connections"],
    [{ quota: { requestsPerSecond: 0 } }, "spec.quota.requestsPerSecond"],
    [{ placement: { maxPodsPerNode: 0 } }, "spec.placement.maxPodsPerNode"],
    [{ placement: { maxPodsPerZone: 1.5 } }, "spec.placement.maxPodsPerZone"],
  ] as const) {
    const namesBoth = ({ message }: Error): boolean =>
      message.startsWith("MeshProfile shop/cart: ") && message.includes(path);
    assert.throws(() => decoded(spec), namesBoth, path);
  }
  assert.throws(() => decoded({}, { ports: { inbound: 0, outbound: 70_000 } }), /status\.ports\.inbound/);
});

test("what is no profile is refused", () => {
  for (const raw of [null, 5, {}, { metadata: { name: "cart" } }]) {
    assert.throws(() => decodeMeshProfile(raw), DecodeError);
  }
});
