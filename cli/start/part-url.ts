// Where a port of a part of Berth is in a run without a cluster: commands ask for it by the name of a pod, as in a
// cluster, and processes here have other ports.

import { EXTENDER_PART, PROXY_USAGE_PORT, RECOMMENDER_PART } from "../part-ports.ts";
import type { PodPort } from "#sim/loopback/pod-proxy.ts";
import { proxyPodName, SYSTEM_NAMESPACE } from "./fleet.ts";

export interface PartUrls {
  readonly extender: string;
  readonly recommender: string;
  /** Of the real ones, in the order of their nodes. */
  readonly proxies: readonly string[];
  /** Of a simulated node's proxy, by its pod's name. */
  readonly simulatedProxy: (name: string) => string | undefined;
}

/** Undefined for what nobody serves. */
export function partUrl(
  { namespace, name, port }: PodPort,
  { extender, recommender, proxies, simulatedProxy }: PartUrls,
): string | undefined {
  if (namespace !== SYSTEM_NAMESPACE) return undefined;
  if (name === PARTS_IDENTITY && port === EXTENDER_PART.port) return extender;
  if (name === PARTS_IDENTITY && port === RECOMMENDER_PART.port) return recommender;
  if (port !== PROXY_USAGE_PORT) return undefined;
  return proxies.find((_, index) => name === proxyPodName(index)) ?? simulatedProxy(name);
}

/** By which the extender and the recommender hold their Leases. */
export const PARTS_IDENTITY = "berth-start";
