// MeshProfiles that every API server with Berth's CustomResourceDefinition refuses, each for one fault.

interface BadMeshProfile {
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
  bad("a limit beyond 32 bits", "spec.quota.concurrency", { quota: { concurrency: 2 ** 31 } }),
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
  return { what, object: aMeshProfile({ status: { ports } }), names };
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
