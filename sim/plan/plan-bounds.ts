// What no placement of a planned cluster can do better than, by adding up: see engine/lower-bounds.ts. What keeps pods on
// some nodes is left out, and what belongs to each node is taken off it, so that the bound holds for every packing.

import type { AppName } from "#model/brand.ts";
import { unitCost } from "#model/mesh-cost.ts";
import { DEFAULT_APP_COST, type MeshProfile } from "#model/mesh-profile.ts";
import { addResources, noResources, type Resources, subtractResources } from "#model/resources.ts";
import { type LeastNeed, nodesMin } from "../engine/lower-bounds.ts";
import type { PlannedCluster, PlannedPod } from "./planned-cluster.ts";

export interface PlanBounds {
  /** (node, app) pairs with node proxies. */
  readonly instances: number;
  /** Nodes with node proxies, and with sidecars; undefined if all there are do not hold the pods. */
  readonly nodes: number | undefined;
  readonly sidecarNodes: number | undefined;
}

export function planBounds(
  cluster: PlannedCluster,
  { proxyBase }: { readonly proxyBase: Resources },
): PlanBounds {
  const running = cluster.pods.filter(({ view, bond }) => view.nodeName !== undefined && bond !== "node");
  const proxied = proxiedNeed(running, cluster);
  const supply = suppliedBy(cluster);
  const podsPerNodeMax = cluster.nodes.reduce((most, { traits }) => Math.max(most, traits?.podsMax ?? 0), 1);
  return {
    instances: proxied.instances,
    nodes: nodesMin(proxied, { supply, podsPerNodeMax, proxyBase }),
    sidecarNodes: nodesMin(sidecarNeed(running), { supply, podsPerNodeMax, proxyBase: undefined }),
  };
}

function proxiedNeed(pods: readonly PlannedPod[], { profiles }: PlannedCluster): LeastNeed {
  const known = new Map<AppName, MeshProfile>(profiles.map((profile) => [profile.app, profile]));
  let sum = sumOf(pods.map(({ view }) => view.request));
  let instances = 0;
  for (const [app, { length }] of Map.groupBy(pods, ({ view }) => view.app)) {
    if (app === undefined) continue;
    const profile = known.get(app);
    const { base, perPod } = unitCost(profile?.cost ?? DEFAULT_APP_COST);
    const count = Math.ceil(length / (profile?.placement.maxPodsPerNode ?? length));
    instances += count;
    sum = addResources(sum, {
      cpuMilli: count * base.cpuMilli + length * perPod.cpuMilli,
      memoryBytes: count * base.memoryBytes + length * perPod.memoryBytes,
    });
  }
  return { pods: pods.length, instances, ...sum };
}

function sidecarNeed(pods: readonly PlannedPod[]): LeastNeed {
  const sum = sumOf(pods.map(({ view, sidecar }) => addResources(view.request, sidecar)));
  return { pods: pods.length, instances: pods.length, ...sum };
}

function suppliedBy({ nodes, pods }: PlannedCluster): readonly Resources[] {
  const own = Map.groupBy(
    pods.filter(({ bond }) => bond === "node"),
    ({ view }) => view.nodeName,
  );
  return nodes.map(({ name, allocatable }) =>
    subtractResources(allocatable, sumOf((own.get(name) ?? []).map(({ view }) => view.request))),
  );
}

function sumOf(amounts: readonly Resources[]): Resources {
  return amounts.reduce(addResources, noResources);
}
