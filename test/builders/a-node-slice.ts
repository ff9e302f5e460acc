// The one slice of the Service shop/cart, port 80, with node-1 ready, unless said otherwise.

import type { AppName, NodeName } from "#model/brand.ts";
import type { NodeEntry, NodeSlice } from "#model/node-slice.ts";

export function aNodeSlice(overrides: Partial<NodeSlice> = {}): NodeSlice {
  const { service = "cart", namespace = "shop" } = overrides;
  return {
    namespace,
    name: `berth-${service}-0`,
    service,
    serviceUid: `uid-of-service-${service}`,
    app: `${namespace}/${service}` as AppName,
    family: "IPv4",
    inboundPort: 20_000,
    servicePorts: [80],
    clusterIps: ["10.96.0.1"],
    entries: [aNodeEntry()],
    ...overrides,
  };
}

export function aNodeEntry(overrides: Partial<Omit<NodeEntry, "node">> & { node?: string } = {}): NodeEntry {
  const { node = "node-1", ...others } = overrides;
  return { node: node as NodeName, address: "10.0.0.1", zone: "", state: "ready", ...others };
}
