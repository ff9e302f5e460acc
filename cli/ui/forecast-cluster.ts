// The cluster that a forecast is made of: nodes and pods as `berth plan` reads them, and what Berth knows besides, which a
// saved list of nodes and pods does not tell: profiles, learned costs, corrections.

import { MESH_ENABLED, MESH_LABEL, PROXY_LABEL } from "#model/app.ts";
import type { NodeName } from "#model/brand.ts";
import type { NodeView, PodView } from "#model/cluster-view.ts";
import type { Correction } from "#model/correction.ts";
import { addResources, noResources, type Resources } from "#model/resources.ts";
import type { KubeConnection } from "#kube/connection.ts";
import { decodePod } from "#kube/decode-pod.ts";
import { listPages } from "#kube/list-pages.ts";
import { decodeMeshProfile } from "#kube/mesh-profile-schema.ts";
import { MESH_PROFILES, NODES, PODS, type ResourceKind, resourcePath } from "#kube/resource-path.ts";
import { UsageError } from "#runtime/usage-error.ts";
import { DEFAULT_PROXY_BASE } from "#sim/engine/replay.ts";
import type { PlannedCluster, PlannedPod } from "#sim/plan/planned-cluster.ts";
import type { ForecastGround, NodeShape } from "#web/policy/forecast.ts";
import { plannedClusterOf } from "../plan/planned-cluster-of.ts";

export interface ForecastCluster {
  readonly cluster: PlannedCluster;
  readonly ground: ForecastGround;
  readonly proxyBase: Resources;
}

const PAGE_SIZE = 500;

/**
 * @param onObjects told how many objects were read so far.
 * @throws OperationError if the API server does not list them; UsageError if there is nothing to plan for.
 */
export async function forecastCluster(
  connection: Pick<KubeConnection, "request">,
  onObjects: (objects: number) => void,
): Promise<ForecastCluster> {
  let objects = 0;
  const listed = async (kind: ResourceKind): Promise<readonly unknown[]> => {
    const all: unknown[] = [];
    for await (const { items } of listPages(connection, { path: resourcePath(kind), pageSize: PAGE_SIZE })) {
      for (const item of items) all.push(item);
      objects += items.length;
      onObjects(objects);
    }
    return all;
  };
  const nodes = await listed(NODES);
  const profiles = (await listed(MESH_PROFILES)).map(decodeMeshProfile);
  const pods = (await listed(PODS)) as readonly LabelledPod[];
  if (!pods.some((pod) => labelOf(pod, MESH_LABEL) === MESH_ENABLED))
    throw new UsageError("No pod is in the mesh yet");
  const proxies = pods.filter((pod) => labelOf(pod, PROXY_LABEL) !== undefined).map(decodePod);
  const read = plannedClusterOf({ nodes, pods }, READING);
  const cluster = {
    ...read.cluster,
    profiles,
    corrections: meanCorrection(read.cluster.nodes, { pods: read.cluster.pods, proxies }),
  };
  return { cluster, ground: groundOf(cluster, proxies), proxyBase: usualBase(proxies) };
}

/** Sidecars are supposed by each comparison itself. */
const READING = {
  rule: "label",
  sidecars: [],
  assumedSidecar: noResources,
  instanceBaseBytes: undefined,
  podsPerNodeMax: undefined,
  movesAll: false,
} as const;

type LabelledPod = { readonly metadata?: { readonly labels?: Readonly<Record<string, string>> } };

function labelOf({ metadata }: LabelledPod, label: string): string | undefined {
  return metadata?.labels?.[label];
}

// The mean of what was seen, on every node: which nodes happen to be measured is no reason for one placement to cost less
// than another, and a node that takes on pods is measured in its turn.
function meanCorrection(
  nodes: readonly NodeView[],
  { pods, proxies }: { readonly pods: readonly PlannedPod[]; readonly proxies: readonly PodView[] },
): ReadonlyMap<NodeName, Correction> {
  const weights = new Map<NodeName, number>();
  for (const { view } of pods)
    if (view.app !== undefined && view.nodeName !== undefined)
      weights.set(view.nodeName, (weights.get(view.nodeName) ?? 0) + 1);
  const sum = { cpu: 0, memory: 0, weight: 0 };
  for (const { nodeName, proxy } of proxies) {
    const weight = nodeName === undefined ? 0 : (weights.get(nodeName) ?? 0);
    if (proxy === undefined) continue;
    sum.cpu += weight * proxy.correction.cpu;
    sum.memory += weight * proxy.correction.memory;
    sum.weight += weight;
  }
  if (sum.weight === 0) return new Map();
  const correction = { cpu: sum.cpu / sum.weight, memory: sum.memory / sum.weight };
  return new Map(nodes.map(({ name }) => [name, correction]));
}

// All proxies of a DaemonSet have the same; during an upgrade, most.
function usualBase(proxies: readonly PodView[]): Resources {
  const bases = proxies.flatMap(({ proxy }) => proxy?.base ?? []);
  const groups = Map.groupBy(bases, ({ cpuMilli, memoryBytes }) => `${cpuMilli} ${memoryBytes}`);
  const [largest] = [...groups.values()].toSorted((a, b) => b.length - a.length);
  return largest?.[0] ?? DEFAULT_PROXY_BASE;
}

function groundOf({ nodes, pods }: PlannedCluster, proxies: readonly PodView[]): ForecastGround {
  const meshPods = pods.filter(({ view }) => view.app !== undefined);
  const sizes = Map.groupBy(
    nodes,
    ({ allocatable: { cpuMilli, memoryBytes } }) => `${cpuMilli} ${memoryBytes}`,
  );
  const shapes = [...sizes.values()].flatMap((group): readonly NodeShape[] => {
    const [first] = group;
    return first === undefined ? [] : [{ ...first.allocatable, nodes: group.length }];
  });
  return {
    nodes: nodes.length,
    shapes: shapes.toSorted((a, b) => b.nodes - a.nodes),
    pods: pods.length,
    meshPods: meshPods.length,
    meshPodsBound: meshPods.filter(({ bond }) => bond !== undefined).length,
    apps: new Set(meshPods.map(({ view }) => view.app)).size,
    proxiesRequest: proxies.reduce((sum, { request }) => addResources(sum, request), noResources),
  };
}
