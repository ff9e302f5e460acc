import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { startUpRequest } from "#test/oracle/start-up-request.ts";
import { type ContainerResources, podRequest, type PodResourceFields } from "./pod-request.ts";

function cpu(name: string, request: string, isRestartable = false): ContainerResources {
  return { name, requests: { cpu: request }, isRestartable };
}

function cpuMilliOf(pod: Partial<PodResourceFields>): number {
  return podRequest({ containers: [cpu("app", "100m")], ...pod }).cpuMilli;
}

test("containers add up and init containers take turns", () => {
  assert.equal(cpuMilliOf({ containers: [cpu("app", "100m"), cpu("side", "50m")] }), 150);
  assert.equal(cpuMilliOf({ initContainers: [cpu("one", "80m"), cpu("two", "90m")] }), 100);
  assert.equal(cpuMilliOf({ initContainers: [cpu("one", "80m"), cpu("two", "300m")] }), 300);
});

test("a restartable init container runs beside those that come after it, and not before", () => {
  const sidecar = cpu("sidecar", "50m", true);
  assert.equal(cpuMilliOf({ initContainers: [sidecar] }), 150);
  assert.equal(cpuMilliOf({ initContainers: [sidecar, cpu("init", "200m")] }), 250);
  assert.equal(cpuMilliOf({ initContainers: [cpu("init", "200m"), sidecar] }), 200);
});

test("two restartable init containers add up while the second one starts", () => {
  const initContainers = [cpu("a", "300m", true), cpu("b", "400m", true)];
  assert.equal(cpuMilliOf({ initContainers }), 800);
  assert.equal(cpuMilliOf({ initContainers, containers: [cpu("app", "0")] }), 700);
});

test("overhead comes on top, also of a request for the pod as a whole", () => {
  assert.equal(cpuMilliOf({ overhead: { cpu: "30m" } }), 130);
  assert.equal(cpuMilliOf({ overhead: { cpu: "30m" }, podRequests: { cpu: "500m" } }), 530);
});

test("a request for the pod as a whole replaces the containers' sum of that resource only", () => {
  const containers = [{ name: "app", requests: { cpu: "100m", memory: "1000" } }];
  assert.deepEqual(podRequest({ containers, podRequests: { cpu: "50m" } }), {
    cpuMilli: 50,
    memoryBytes: 1_000,
  });
  assert.deepEqual(podRequest({ containers, podRequests: { "example.com/gpu": "1" } }), {
    cpuMilli: 100,
    memoryBytes: 1_000,
  });
});

test("a resize in progress counts as the largest of wanted, allocated and actuated", () => {
  const status = (allocated: string, actuated: string): Partial<PodResourceFields> => ({
    containerStatuses: [{ name: "app", allocated: { cpu: allocated }, actuated: { cpu: actuated } }],
  });
  assert.equal(cpuMilliOf(status("80m", "90m")), 100);
  assert.equal(cpuMilliOf(status("120m", "90m")), 120);
  assert.equal(cpuMilliOf(status("80m", "200m")), 200);
});

test("a resize that the node calls infeasible does not count, a deferred one does", () => {
  const containerStatuses = [{ name: "app", allocated: { cpu: "60m" }, actuated: { cpu: "70m" } }];
  assert.equal(cpuMilliOf({ containerStatuses, isResizeInfeasible: true }), 70);
  assert.equal(cpuMilliOf({ containerStatuses, isResizeInfeasible: false }), 100);
});

test("what the pod reports as a whole goes before what its containers report", () => {
  const containerStatuses = [{ name: "app", allocated: { cpu: "900m" }, actuated: { cpu: "900m" } }];
  const podAllocated = { cpu: "150m" };
  assert.equal(
    cpuMilliOf({ containerStatuses, podAllocated, podActuated: { requests: { cpu: "120m" } } }),
    150,
  );
  assert.equal(cpuMilliOf({ containerStatuses, podAllocated, podActuated: {} }), 900);
});

test("memory rounds up once, at the end of the sum", () => {
  const containers = [
    { name: "a", requests: { memory: "400m" } },
    { name: "b", requests: { memory: "500m" } },
  ];
  assert.equal(podRequest({ containers }).memoryBytes, 1);
});

test("a pod without requests asks for nothing", () => {
  assert.deepEqual(podRequest({ containers: [{ name: "app" }] }), { cpuMilli: 0, memoryBytes: 0 });
});

test("a quantity that does not parse is reported with its resource", () => {
  assert.throws(() => cpuMilliOf({ overhead: { cpu: "1.5.2" } }), {
    name: "QuantityError",
    message: /^cpu: "1\.5\.2" is not a quantity/,
  });
});

const list = fc.record(
  { cpu: fc.nat(500).map((milli) => `${milli}m`), memory: fc.nat(10_000).map(String) },
  { requiredKeys: [] },
);
const maybe = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(value, { nil: undefined });
const containersNamed = (prefix: string, minLength: number): fc.Arbitrary<ContainerResources[]> =>
  fc
    .array(fc.record({ requests: maybe(list), isRestartable: fc.boolean() }), { minLength, maxLength: 4 })
    .map((containers) => containers.map((container, index) => ({ name: `${prefix}${index}`, ...container })));
const statuses = fc
  .uniqueArray(fc.constantFrom("app0", "app1", "app2", "init0", "init1", "init2"))
  .chain((names) =>
    fc.tuple(
      ...names.map((name) =>
        fc.record({ name: fc.constant(name), allocated: maybe(list), actuated: maybe(list) }),
      ),
    ),
  );
const wholePod = fc.oneof(
  list,
  fc.constant({ "hugepages-2Mi": "2Mi" }),
  fc.constant({ "example.com/gpu": "1" }),
);
const pods: fc.Arbitrary<PodResourceFields> = fc.record({
  containers: containersNamed("app", 1),
  initContainers: maybe(containersNamed("init", 0)),
  overhead: maybe(list),
  podRequests: maybe(wholePod),
  containerStatuses: maybe(statuses),
  podAllocated: maybe(list),
  podActuated: maybe(fc.record({ requests: maybe(list) })),
  isResizeInfeasible: fc.boolean(),
});

test("a pod requests the most that runs at once during its start-up", () => {
  fc.assert(
    fc.property(pods, (pod) => {
      assert.deepEqual(podRequest(pod), startUpRequest(pod));
    }),
    { numRuns: 3_000 },
  );
});
