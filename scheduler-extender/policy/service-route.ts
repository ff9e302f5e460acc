// Whether a Service is reached by its app's nodes, or directly, as without the mesh. By nodes only where that is the same
// to a client: every pod behind the Service belongs to one app, every pod of the app that takes requests is behind the
// Service, and every one has a node proxy. Otherwise a node's proxy would hand requests to pods that the Service does not
// select, or the pods outside the mesh would get none.

import type { AppName, NodeName } from "#model/brand.ts";
import type { Labels } from "#model/app.ts";
import type { AppPort } from "#model/app-port.ts";
import type { AppPorts } from "#model/mesh-profile.ts";
import type { ServiceView } from "#model/service-view.ts";
import { type PodCounts, type PodGroup, servingState } from "./hosted-pods.ts";

export type ServiceRoute =
  | { readonly kind: "direct"; readonly reason: DirectReason }
  | {
      readonly kind: "byNode";
      readonly app: AppName;
      readonly inboundPort: number;
      readonly servicePorts: readonly number[];
      /** The nodes that host the app, with its pods there. */
      readonly nodes: ReadonlyMap<NodeName, PodCounts>;
    };

/** In the order in which they are looked for. */
export const DIRECT_REASONS = [
  "noSelector",
  "ownRouting",
  "noPods",
  "outsideMesh",
  "mixed",
  "severalApps",
  "partOfApp",
  "noPorts",
  "otherPort",
  "nodeWithoutProxy",
] as const;
export type DirectReason = (typeof DIRECT_REASONS)[number];

export interface RouteContext {
  /** All of the Service's namespace. */
  readonly groups: Iterable<PodGroup>;
  readonly portsOf: (app: AppName) => AppPorts | undefined;
  readonly hasProxy: (node: NodeName) => boolean;
}

export function serviceRoute(service: ServiceView, context: RouteContext): ServiceRoute {
  const { selector } = service;
  if (Object.keys(selector).length === 0) return direct("noSelector");
  if (service.hasOwnRouting) return direct("ownRouting");
  const groups = [...context.groups];
  const selected = groups.filter(({ traits }) => isSelected(traits.labels, selector));
  if (selected.length === 0) return direct("noPods");
  const [first, ...more] = selected.filter((group) => group.app !== undefined);
  const app = first?.app;
  if (first === undefined || app === undefined) return direct("outsideMesh");
  // Pods outside that serve nobody, such as those of a migration that has just begun, take nothing away.
  if (selected.some((group) => group.app === undefined && isServing(group))) return direct("mixed");
  if (more.some((group) => group.app !== app)) return direct("severalApps");
  const others = groups.filter((group) => group.app === app && !selected.includes(group));
  if (others.some((group) => group.traits.appPort !== undefined && isServing(group))) {
    return direct("partOfApp");
  }
  const ports = context.portsOf(app);
  if (ports === undefined) return direct("noPorts");
  const members = [first, ...more];
  const servicePorts = service.ports
    .filter(({ target }) => members.every(({ traits }) => leadsTo(target, traits.appPort)))
    .map(({ port }) => port);
  if (servicePorts.length === 0) return direct("otherPort");
  const nodes = nodesOf(members);
  for (const [node, counts] of nodes) {
    if (servingState(counts) !== "unready" && !context.hasProxy(node)) return direct("nodeWithoutProxy");
  }
  return { kind: "byNode", app, inboundPort: ports.inbound, servicePorts, nodes };
}

export function isSelected(labels: Labels, selector: Labels): boolean {
  for (const name in selector) if (labels[name] !== selector[name]) return false;
  return true;
}

function direct(reason: DirectReason): ServiceRoute {
  return { kind: "direct", reason };
}

function isServing({ nodes }: PodGroup): boolean {
  for (const counts of nodes.values()) if (servingState(counts) !== "unready") return true;
  return false;
}

function leadsTo(target: number | string, port: AppPort | undefined): boolean {
  if (port === undefined) return false;
  return typeof target === "number" ? target === port.port : target === port.name;
}

function nodesOf(groups: readonly PodGroup[]): ReadonlyMap<NodeName, PodCounts> {
  const sums = new Map<NodeName, PodCounts>();
  for (const group of groups) {
    for (const [node, counts] of group.nodes) {
      const sum = sums.get(node);
      sums.set(
        node,
        sum === undefined
          ? counts
          : {
              present: sum.present + counts.present,
              ready: sum.ready + counts.ready,
              leaving: sum.leaving + counts.leaving,
            },
      );
    }
  }
  return sums;
}
