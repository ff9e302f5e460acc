// MeshProfiles that every API server with Berth's CustomResourceDefinition refuses, each for one fault.

export interface BadMeshProfile {
  /** The fault. */
  readonly what: string;
  readonly object: object;
  /** The field that the error must name. */
  readonly names: string;
}

export const BAD_MESH_PROFILES: readonly BadMeshProfile[] = [
  bad("a memory quantity with a space", "spec.cost.base.memory", { cost: { base: { memory: "200 Mi" } } }),
  bad("a negative CPU quantity", "spec.cost.base.cpu", { cost: { base: { cpu: "-1" } } }),
  bad("an unknown quantity suffix", "spec.cost.perPod.memory", { cost: { perPod: { memory: "10MB" } } }),
  bad("an empty quantity", "spec.cost.perConnection.cpu", { cost: { perConnection: { cpu: "" } } }),
  bad("more CPU than is counted exactly", "spec.cost.perKiloRps.cpu", {
    cost: { perKiloRps: { cpu: "1e30" } },
  }),
  bad("a negative number of connections", "spec.cost.connectionsPerPod", { cost: { connectionsPerPod: -1 } }),
  bad("a rate that is text", "spec.cost.requestsPerSecondPerPod", {
    cost: { requestsPerSecondPerPod: "80" },
  }),
  bad("a quantity that is a number", "spec.quota.memory", { quota: { memory: 5 } }),
  bad("more memory than is counted exactly", "spec.quota.memory", { quota: { memory: "10Pi" } }),
  bad("a fraction of a connection", "spec.quota.connections", { quota: { connections: 1.5 } }),
  bad("a rate of nothing", "spec.quota.requestsPerSecond", { quota: { requestsPerSecond: 0 } }),
  bad("a burst above no rate", "spec.quota.burst", { quota: { burst: 5 } }),
  bad("a queue for no concurrency", "spec.quota.queue", { quota: { queue: 5 } }),
  bad("a wait in no queue", "spec.quota.queueMilliseconds", {
    quota: { concurrency: 1, queueMilliseconds: 5 },
  }),
  bad("a wait longer than a minute", "spec.quota.queueMilliseconds", {
    quota: { concurrency: 1, queue: 1, queueMilliseconds: 60_001 },
  }),
  bad("less CPU than an instance measures itself with", "spec.quota.cpu", { quota: { cpu: "9m" } }),
  bad("a cap on memory below what a bare instance has", "spec.quota", {
    cost: { base: { memory: "200Mi" } },
    quota: { memory: "0.1Gi" },
  }),
  bad("a cap on CPU below what a bare instance has", "spec.quota", {
    cost: { base: { cpu: "50m" } },
    quota: { cpu: "49m" },
  }),
  bad("more nodes at once than are asked", "spec.rollout.maxNodes", { rollout: { maxNodes: 101 } }),
  bad("a rollout to no node at once", "spec.rollout.maxNodesPercent", { rollout: { maxNodesPercent: 0 } }),
  bad("more errors than requests", "spec.rollout.maxErrorPercent", { rollout: { maxErrorPercent: 101 } }),
  bad("a bandwidth of a few bytes", "spec.quota.sentBytesPerSecond", { quota: { sentBytesPerSecond: "5" } }),
  bad("too few file descriptors for one request", "spec.quota.fileDescriptors", {
    quota: { fileDescriptors: 3 },
  }),
  bad("an isolation that there is not", "spec.isolation", { isolation: "machine" }),
  bad("more lines than requests", "spec.observation.accessLog.sampleRatio", {
    observation: { accessLog: { sampleRatio: 1.5 } },
  }),
  bad("a port of TCP where ports are allocated", "spec.tcpPorts[0].listenPort", {
    tcpPorts: [{ listenPort: 20_001, podPort: 5_432 }],
  }),
  bad("a port of TCP twice", "spec.tcpPorts[1]", {
    tcpPorts: [
      { listenPort: 10_432, podPort: 5_432 },
      { listenPort: 10_432, podPort: 5_433 },
    ],
  }),
  bad("a limit beyond 32 bits", "spec.quota.concurrency", { quota: { concurrency: 2 ** 31 } }),
  bad("a caller that is no app", "spec.identity.allowedCallers[0]", {
    identity: { allowedCallers: ["web"] },
  }),
  bad("a caller of whatever namespace", "spec.identity.allowedCallers[0]", {
    identity: { allowedCallers: ["*/web"] },
  }),
  bad("callers that are named, and everybody else as well", "spec.identity.callersWithoutIdentity", {
    identity: { allowedCallers: ["shop/web"], callersWithoutIdentity: "Allow" },
  }),
  bad("a quantity longer than any", "spec.cost.base.memory", {
    cost: { base: { memory: `${"0".repeat(64)}1Mi` } },
  }),
  bad("more requests than 31 bits count", "spec.cost.requestsPerSecondPerPod", {
    cost: { requestsPerSecondPerPod: 2 ** 31 },
  }),
  bad("a negative number of client connections", "spec.quota.connections", { quota: { connections: -5 } }),
  bad("a burst of nothing", "spec.quota.burst", { quota: { requestsPerSecond: 5, burst: 0 } }),
  bad("a limit that is text", "spec.quota.concurrency", { quota: { concurrency: "64" } }),
  bad("costs in a list", "spec.cost", { cost: [{ base: { cpu: "50m" } }] }),
  bad("half a pod", "spec.placement.maxPodsPerNode", { placement: { maxPodsPerNode: 0.5 } }),
  bad("room for no pod", "spec.placement.maxPodsPerNode", { placement: { maxPodsPerNode: 0 } }),
  {
    ...bad("a name that no label can have", "metadata.name", {}),
    object: aMeshProfile({ name: "a".repeat(64) }),
  },
];

/** The same for what is written to the status subresource. */
export const BAD_MESH_PROFILE_STATUSES: readonly BadMeshProfile[] = [
  badPorts("no outbound port", "status.ports.outbound", { inbound: 20_000 }),
  badPorts("a port of zero", "status.ports.inbound", { inbound: 0, outbound: 20_001 }),
  badPorts("a port beyond 16 bits", "status.ports.outbound", { inbound: 20_000, outbound: 70_000 }),
  badPorts("one port for both directions", "status.ports.outbound", { inbound: 20_000, outbound: 20_000 }),
  badPorts("a negative port", "status.ports.inbound", { inbound: -1, outbound: 20_001 }),
  badPorts("a port that is text", "status.ports.inbound", { inbound: "20000", outbound: 20_001 }),
  badPorts("ports in a list", "status.ports", [20_000, 20_001]),
  badStatus("a release in no phase", "status.release.phase", { release: aRelease({ phase: "Lost" }) }),
  badStatus("a release beyond all nodes", "status.release.reach", {
    release: aRelease({ reach: 2 ** 32 + 1 }),
  }),
  badStatus("a version of no generation", "status.release.settled.version", {
    release: aRelease({ settled: { version: "one", config: {} } }),
  }),
  badStatus("more versions than are kept", "status.release.previous", {
    release: aRelease({ previous: [1, 2, 3, 4].map((version) => ({ version, config: {} })) }),
  }),
  badCondition("a condition that is neither so nor not so", "status.conditions[0].status", {
    status: "Maybe",
  }),
  badCondition("a condition of a truth value", "status.conditions[0].status", { status: true }),
  badCondition("a reason of several words", "status.conditions[0].reason", { reason: "not enough ports" }),
  badCondition("a condition without a reason", "status.conditions[0].reason", { reason: undefined }),
  badCondition("a condition without a message", "status.conditions[0].message", { message: undefined }),
  badCondition("a message as long as a log", "status.conditions[0].message", { message: "x".repeat(32_769) }),
  badCondition("a transition at no time", "status.conditions[0].lastTransitionTime", {
    lastTransitionTime: "yesterday",
  }),
  badCondition("a condition of no type", "status.conditions[0].type", { type: undefined }),
  badCondition("a type of several words", "status.conditions[0].type", { type: "Ports Allocated" }),
  badCondition("a generation before the first", "status.conditions[0].observedGeneration", {
    observedGeneration: -1,
  }),
  badStatus("two conditions of one type", "status.conditions[1]", {
    conditions: [aCondition(), aCondition({ status: "False" })],
  }),
  badStatus("more conditions than anybody writes", "status.conditions", {
    conditions: Array.from({ length: 17 }, (_, index) => aCondition({ type: `Type${index}` })),
  }),
];

/** With unknown fields: refused only if the request asks for `fieldValidation=Strict`, else dropped with a warning. */
export const MISSPELT_MESH_PROFILES: readonly BadMeshProfile[] = [
  bad("a misspelt section", "spec.quotas", { quotas: { connections: 5 } }),
  bad("a quota of a later version", "spec.quota.bandwidth", { quota: { bandwidth: 1 } }),
  bad("a resource that no proxy has", "spec.cost.base.gpu", { cost: { base: { gpu: "1" } } }),
];

function bad(what: string, names: string, spec: object): BadMeshProfile {
  return { what, object: aMeshProfile({ spec }), names };
}

function badPorts(what: string, names: string, ports: object): BadMeshProfile {
  return badStatus(what, names, { ports });
}

/** A good condition with something wrong in it; what is undefined is missing. */
function badCondition(what: string, names: string, wrong: object): BadMeshProfile {
  return badStatus(what, names, { conditions: [aCondition(wrong)] });
}

function badStatus(what: string, names: string, status: object): BadMeshProfile {
  return { what, object: aMeshProfile({ status }), names };
}

function aRelease(parts: object): object {
  return {
    phase: "Settled",
    settled: { version: 1, config: {} },
    reach: 0,
    reason: "Settled",
    message: "",
    nodes: { total: 0, updated: 0, proven: 0 },
    ...parts,
  };
}

function aCondition(parts: object = {}): object {
  const condition = {
    type: "PortsAllocated",
    status: "True",
    observedGeneration: 1,
    lastTransitionTime: "2030-01-31T12:00:00Z",
    reason: "Allocated",
    message: "",
    ...parts,
  };
  return Object.fromEntries(Object.entries(condition).filter(([, value]) => value !== undefined));
}

function aMeshProfile({
  name = "cart",
  ...parts
}: {
  name?: string;
  spec?: object;
  status?: object;
}): object {
  return {
    apiVersion: "berth.dev/v1alpha1",
    kind: "MeshProfile",
    metadata: { name, namespace: "default" },
    ...parts,
  };
}
