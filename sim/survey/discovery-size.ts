// What the mesh has to know and to connect to, if each app is behind one Service. Which nodes stand for an app, the
// production rules of discovery say (scheduler-extender/policy/service-route.ts). Nobody knows from a trace which apps call
// which: connections are those between two apps, one for each pair of ends, on average over all pairs. HTTP/1.1 opens more
// of them under load, either way.

import type { AppName, NodeName } from "#model/brand.ts";
import type { PodTraits } from "#model/cluster-view.ts";
import type { ServiceView } from "#model/service-view.ts";
import type { PodCounts } from "#scheduler-extender/policy/hosted-pods.ts";
import { serviceRoute } from "#scheduler-extender/policy/service-route.ts";
import type { SurveyedCluster } from "./surveyed-cluster.ts";

export interface DiscoverySize {
  /** An entry is an address in an EndpointSlice: of a pod, or of a node that stands for the app's pods there. */
  readonly entriesByPod: number;
  readonly entriesByNode: number | undefined;
  /** Between the ends of two apps, on average; undefined with fewer than two apps. */
  readonly connectionsByPod: number | undefined;
  readonly connectionsByNode: number | undefined;
}

/** By node only where the mesh is shared. */
export function discoverySize({ nodes, isShared }: SurveyedCluster): DiscoverySize {
  const hosts = new Map<AppName, Map<NodeName, number>>();
  for (const { account, pods } of nodes) {
    for (const { app } of pods) {
      if (app === undefined) continue;
      const ofApp = hosts.get(app) ?? new Map<NodeName, number>();
      hosts.set(app, ofApp.set(account.name, (ofApp.get(account.name) ?? 0) + 1));
    }
  }
  const byPod = [...hosts.values()].map((ofApp) => sum([...ofApp.values()]));
  const byNode = isShared ? [...hosts].map(([app, ofApp]) => entriesOf(app, ofApp)) : undefined;
  return {
    entriesByPod: sum(byPod),
    entriesByNode: byNode && sum(byNode),
    connectionsByPod: pairsMean(byPod),
    connectionsByNode: byNode && pairsMean(byNode),
  };
}

const PORT = 8080;
const TRAITS: PodTraits = {
  key: "surveyed",
  labels: { app: "surveyed" },
  appPort: { port: PORT, name: "http" },
};
const SERVICE: ServiceView = {
  uid: "surveyed",
  namespace: "surveyed",
  name: "surveyed",
  selector: TRAITS.labels,
  ports: [{ port: 80, target: PORT }],
  clusterIps: ["10.0.0.1"],
  hasOwnRouting: false,
};
const PORTS = { inbound: 20_000, outbound: 20_001 };

function entriesOf(app: AppName, pods: ReadonlyMap<NodeName, number>): number {
  const counts = new Map<NodeName, PodCounts>();
  for (const [node, count] of pods) counts.set(node, { present: count, ready: count, leaving: 0 });
  const group = { key: "surveyed", namespace: "surveyed", app, traits: TRAITS, nodes: counts };
  const route = serviceRoute(SERVICE, { groups: [group], portsOf: () => PORTS, hasProxy: () => true });
  return route.kind === "byNode" ? route.nodes.size : sum([...pods.values()]);
}

// Σ over a ≠ b of ends(a) · ends(b), by the number of ordered pairs.
function pairsMean(ends: readonly number[]): number | undefined {
  if (ends.length < 2) return undefined;
  const all = sum(ends) ** 2 - sum(ends.map((count) => count ** 2));
  return all / (ends.length * (ends.length - 1));
}

function sum(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0);
}
