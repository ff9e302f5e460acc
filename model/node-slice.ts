// Node-level discovery: where a Service of a mesh app is reached, by node instead of by pod. One entry per node that
// hosts the app, at the app's inbound port, which is the same on every node.

import type { AppName, NodeName } from "./brand.ts";

/** As many as one EndpointSlice may hold, one address family each. */
export interface NodeSlice {
  readonly namespace: string;
  /** The slice's own. */
  readonly name: string;
  readonly service: string;
  readonly serviceUid: string;
  readonly app: AppName;
  readonly family: AddressFamily;
  readonly inboundPort: number;
  /** The Service's ports that lead to the app; its other ports are not the mesh's. */
  readonly servicePorts: readonly number[];
  /** The Service's own addresses; none if it is headless. */
  readonly clusterIps: readonly string[];
  readonly entries: readonly NodeEntry[];
}

export type AddressFamily = "IPv4" | "IPv6";

export interface NodeEntry {
  readonly node: NodeName;
  /** The node's, at which its proxy serves. */
  readonly address: string;
  /** Empty if the node has none. */
  readonly zone: string;
  readonly state: EntryState;
}

/**
 * ready: the node's proxy serves, and a pod of the app that stays is ready. terminating: only pods that are ending are left,
 * or the proxy is ending and others take over; both still serve. unready: neither.
 */
export type EntryState = "ready" | "terminating" | "unready";

/** @returns undefined for what is no address, or one that Kubernetes takes into no EndpointSlice: loopback or link-local. */
export function publishableFamily(address: string): AddressFamily | undefined {
  if (address.includes(":")) return UNPUBLISHABLE_IPV6.test(address) ? undefined : "IPv6";
  return /^\d+(\.\d+){3}$/.test(address) && !UNPUBLISHABLE_IPV4.test(address) ? "IPv4" : undefined;
}

const UNPUBLISHABLE_IPV4 = /^(127\.|169\.254\.|224\.0\.0\.|0\.0\.0\.0$)/;
const UNPUBLISHABLE_IPV6 = /^(::1?$|fe[89ab]|ff02:)/i;
