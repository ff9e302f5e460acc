// What a fleet is told by: totals, a row for each node, a row for each app. The figures of `berth status`, of `berth top`
// and of the web UI are these.

import type { AppName } from "#model/brand.ts";
import type { PodView } from "#model/cluster-view.ts";
import type { LedgerView } from "#model/ledger.ts";
import type { NodeAccount } from "#model/node-ledger.ts";
import { modelCost, required } from "#model/mesh-cost.ts";
import { addResources, noResources, type Resources } from "#model/resources.ts";

/** A cluster as it stands. */
export interface FleetView {
  readonly ledger: Pick<LedgerView, "nodes" | "unitCost" | "profile">;
  /** At least those that wait for a node. */
  readonly pods: Iterable<PodView>;
  /** Objects that could not be read, and were left out. */
  readonly leftOut: number;
}

/** What proxies and instances use now, as the recommender read it last. */
export interface FleetUsage {
  /** By node. */
  readonly proxies: ReadonlyMap<string, Resources>;
  /** By node, then by app; a node whose proxy does not tell its instances apart is absent. */
  readonly instances: ReadonlyMap<string, Readonly<Record<string, InstanceUse>>>;
  /** What the recommender holds each node's proxy to need, by node; empty if it was not asked. */
  readonly required: ReadonlyMap<string, Resources>;
}

/** Of one app's instance on one node. */
export interface InstanceUse extends Resources {
  readonly pods: number;
  readonly connections: number;
  readonly requestsPerSecond: number;
  /** Its CPU was held back. */
  readonly isThrottled: boolean;
}

const NOTHING: ReadonlyMap<string, never> = new Map<string, never>();

/** Where nobody was asked. */
export const NO_USAGE: FleetUsage = { proxies: NOTHING, instances: NOTHING, required: NOTHING };

export interface NodeFigures {
  readonly node: string;
  readonly zone: string;
  readonly meshPods: number;
  readonly apps: number;
  /** Mesh pods to an instance; null without any. */
  readonly reuse: number | null;
  readonly isProxyReady: boolean;
  /** What kube-scheduler counts for the node's proxy; null where there is none. */
  readonly proxy: Resources | null;
  /** What the pods on the node call for, without headroom: as the recommender has it, else as placement counts it. */
  readonly required: Resources;
  /** Null where it is not known. */
  readonly used: Resources | null;
  /** Beside all pods and the proxy; negative on a node that is overcommitted. */
  readonly free: Resources;
  readonly allocatable: Resources;
}

export interface AppFigures {
  readonly app: string;
  readonly pods: number;
  readonly pending: number;
  /** Nodes that host it, one instance each. */
  readonly instances: number;
  readonly reuse: number | null;
  /** What its instances make their proxies need, before corrections. */
  readonly meshCost: Resources;
  /** By those of its instances whose usage is known; null where none's is. */
  readonly used: Resources | null;
  readonly requestsPerSecond: number | null;
  /** How well its costs are learned, from 0 to 1; null where they are the profile's alone. */
  readonly confidence: number | null;
}

/** One app on one node. */
export interface InstanceFigures {
  readonly app: string;
  readonly node: string;
  readonly pods: number;
  /** Before the node's correction. */
  readonly meshCost: Resources;
  readonly used: InstanceUse | null;
}

export interface FleetTotals {
  readonly nodes: number;
  readonly nodesWithReadyProxy: number;
  /** Nodes with mesh pods. */
  readonly nodesInMesh: number;
  readonly meshPods: number;
  readonly pendingMeshPods: number;
  readonly apps: number;
  readonly instances: number;
  readonly reuse: number | null;
  readonly proxies: Resources;
  readonly required: Resources;
  /** By the proxies whose usage is known, and how many those are; null where none's is. */
  readonly used: Resources | null;
  readonly measured: number;
  /** Nodes whose proxy has less than the pods on them call for. */
  readonly nodesShort: number;
  readonly leftOut: number;
}

export function nodeFigures(
  { ledger }: Pick<FleetView, "ledger">,
  usage: FleetUsage,
): readonly NodeFigures[] {
  return [...ledger.nodes()].map((account) => figuresOfNode(account, usage));
}

export function figuresOfNode(
  account: NodeAccount,
  { proxies, required: held }: Omit<FleetUsage, "instances">,
): NodeFigures {
  const { name, zone, allocatable, requested, counted, isProxyReady, appPods } = account;
  const meshPods = sum(appPods.values());
  const need = held.get(name) ?? requiredOf(account);
  const usage = proxies.get(name);
  const proxy = counted ?? noResources;
  const left = (resource: keyof Resources): number =>
    allocatable[resource] - requested[resource] - Math.max(proxy[resource], need[resource]);
  return {
    node: name,
    zone,
    meshPods,
    apps: appPods.size,
    reuse: ratio(meshPods, appPods.size),
    isProxyReady,
    proxy: counted ?? null,
    required: need,
    used: usage === undefined ? null : amountOf(usage),
    free: { cpuMilli: left("cpuMilli"), memoryBytes: left("memoryBytes") },
    allocatable,
  };
}

export function appFigures(
  { ledger, pods }: Omit<FleetView, "leftOut">,
  { instances }: FleetUsage,
): readonly AppFigures[] {
  const usage = usageByApp(instances);
  const pending = new Map<AppName, number>();
  for (const { app, nodeName, isFinished } of pods)
    if (app !== undefined && nodeName === undefined && !isFinished)
      pending.set(app, (pending.get(app) ?? 0) + 1);
  const podsPerNode = new Map<AppName, number[]>([...pending.keys()].map((app) => [app, []]));
  for (const { appPods } of ledger.nodes()) {
    for (const [app, count] of appPods) {
      const counts = podsPerNode.get(app) ?? [];
      counts.push(count);
      podsPerNode.set(app, counts);
    }
  }
  return [...podsPerNode].map(([app, counts]) => {
    const running = sum(counts);
    const cost = ledger.unitCost(app);
    return {
      app,
      pods: running,
      pending: pending.get(app) ?? 0,
      instances: counts.length,
      reuse: ratio(running, counts.length),
      meshCost: modelCost(counts.map((count) => [cost, count])),
      used: usage.get(app)?.used ?? null,
      requestsPerSecond: usage.get(app)?.requestsPerSecond ?? null,
      confidence: ledger.profile(app).learned?.confidence ?? null,
    };
  });
}

export function instanceFigures(
  { ledger }: Pick<FleetView, "ledger">,
  { instances: used }: FleetUsage,
): readonly InstanceFigures[] {
  return [...ledger.nodes()].flatMap(({ name, appPods }) =>
    [...appPods].map(([app, pods]) => ({
      app,
      node: name,
      pods,
      meshCost: modelCost([[ledger.unitCost(app), pods]]),
      used: used.get(name)?.[app] ?? null,
    })),
  );
}

export function fleetTotals(fleet: FleetView, live: FleetUsage): FleetTotals {
  const nodes = nodeFigures(fleet, live);
  const apps = appFigures(fleet, live);
  const used = nodes.flatMap((node) => node.used ?? []);
  const meshPods = sum(nodes.map((node) => node.meshPods));
  const instances = sum(nodes.map((node) => node.apps));
  return {
    nodes: nodes.length,
    nodesWithReadyProxy: nodes.filter(({ isProxyReady }) => isProxyReady).length,
    nodesInMesh: nodes.filter((node) => node.meshPods > 0).length,
    meshPods,
    pendingMeshPods: sum(apps.map(({ pending }) => pending)),
    apps: apps.length,
    instances,
    reuse: ratio(meshPods, instances),
    proxies: total(nodes.map(({ proxy }) => proxy ?? noResources)),
    required: total(nodes.filter(({ proxy }) => proxy !== null).map((node) => node.required)),
    used: used.length === 0 ? null : total(used),
    measured: used.length,
    nodesShort: nodes.filter(isShort).length,
    leftOut: fleet.leftOut,
  };
}

/** Its proxy has less than the pods on it call for. */
export function isShort({ proxy, required: need }: NodeFigures): boolean {
  return proxy !== null && (proxy.cpuMilli < need.cpuMilli || proxy.memoryBytes < need.memoryBytes);
}

function requiredOf({ proxyBase, correction, modelCost: cost }: NodeAccount): Resources {
  return required({ proxyBase, correction, modelCost: cost });
}

interface AppUsage {
  readonly used: Resources;
  readonly requestsPerSecond: number;
}

function usageByApp(instances: FleetUsage["instances"]): ReadonlyMap<string, AppUsage> {
  const usage = new Map<string, AppUsage>();
  for (const apps of instances.values()) {
    for (const [app, one] of Object.entries(apps)) {
      const { used, requestsPerSecond } = usage.get(app) ?? { used: noResources, requestsPerSecond: 0 };
      usage.set(app, {
        used: addResources(used, one),
        requestsPerSecond: requestsPerSecond + one.requestsPerSecond,
      });
    }
  }
  return usage;
}

function amountOf({ cpuMilli, memoryBytes }: Resources): Resources {
  return { cpuMilli, memoryBytes };
}

function sum(values: Iterable<number>): number {
  let result = 0;
  for (const value of values) result += value;
  return result;
}

function total(amounts: readonly Resources[]): Resources {
  return amounts.reduce(addResources, noResources);
}

function ratio(part: number, whole: number): number | null {
  return whole === 0 ? null : part / whole;
}
