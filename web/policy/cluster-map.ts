// The cluster as the map is sent it: one row for each node, by name, short enough that thousands travel at once and that a
// pod's arrival changes one of them. Memory is in whole MiB, which is what people read; the rest as the model has it.
// The names of zones and apps stand in tables of their own, and rows hold their numbers.

import type { NodeAccount } from "#model/node-ledger.ts";
import { noResources, type Resources } from "#model/resources.ts";
import { figuresOfNode, type FleetUsage, type FleetView, isShort, NO_USAGE } from "./fleet-figures.ts";
import type { NameNumbers } from "./name-numbers.ts";

export interface ClusterMap {
  /** By number. */
  readonly zones: Readonly<Record<string, string>>;
  readonly apps: Readonly<Record<string, string>>;
  /** By the node's name. */
  readonly nodes: Readonly<Record<string, MapRow>>;
}

/** Numbers in the order of ROW, then each app's number and pods in turn. */
export type MapRow = readonly number[];

const ROW = [
  "zone",
  "allocatableCpuMilli",
  "allocatableMib",
  "appsCpuMilli",
  "appsMib",
  // −1 where there is no proxy.
  "proxyCpuMilli",
  "proxyMib",
  "requiredCpuMilli",
  "requiredMib",
  "isReady",
  "isShort",
] as const;

/** A row, read. */
export interface MapNode {
  readonly name: string;
  readonly zone: string;
  readonly allocatable: Resources;
  /** A: what its pods request, the proxy's apart. */
  readonly apps: Resources;
  /** What the proxy requests; null where there is none. */
  readonly proxy: Resources | null;
  /** What its pods call for at the proxy. */
  readonly required: Resources;
  /** B: the larger of the two, which is what the mesh costs there. */
  readonly mesh: Resources;
  /** Negative on a node that is overcommitted. */
  readonly free: Resources;
  readonly isProxyReady: boolean;
  /** The proxy has less than its pods call for. */
  readonly isShort: boolean;
  readonly pods: ReadonlyMap<string, number>;
  readonly meshPods: number;
  /** Mesh pods to an instance; null without any. */
  readonly reuse: number | null;
}

export interface MapNumbers {
  readonly zones: NameNumbers;
  readonly apps: NameNumbers;
}

const MIB = 1024 ** 2;

/**
 * @param numbers the same for all views of one map, so that a name keeps its number.
 * @param held what the recommender holds proxies to need, by which they are short; else by what placement counts.
 */
export function clusterMap(
  { ledger }: Pick<FleetView, "ledger">,
  numbers: MapNumbers,
  held: FleetUsage["required"] = NO_USAGE.required,
): ClusterMap {
  const nodes: Record<string, MapRow> = {};
  for (const account of ledger.nodes())
    nodes[account.name] = mapRow(account, numbers, held.get(account.name));
  return { zones: numbers.zones.byNumber, apps: numbers.apps.byNumber, nodes };
}

function mapRow(account: NodeAccount, { zones, apps }: MapNumbers, held: Resources | undefined): MapRow {
  const figures = figuresOfNode(account, NO_USAGE);
  const { proxy, required, allocatable, isProxyReady } = figures;
  const row = [
    zones.of(account.zone),
    allocatable.cpuMilli,
    mebibytes(allocatable),
    account.requested.cpuMilli,
    mebibytes(account.requested),
    proxy?.cpuMilli ?? -1,
    proxy === null ? -1 : mebibytes(proxy),
    required.cpuMilli,
    mebibytes(required),
    isProxyReady ? 1 : 0,
    isShort({ ...figures, required: held ?? required }) ? 1 : 0,
  ];
  for (const [app, pods] of account.appPods) row.push(apps.of(app), pods);
  return row;
}

/** What a row says. */
export function mapNode(
  name: string,
  row: MapRow,
  { zones, apps }: Pick<ClusterMap, "zones" | "apps">,
): MapNode {
  const figure = (column: (typeof ROW)[number]): number => row[ROW.indexOf(column)] ?? 0;
  const size = (cpu: (typeof ROW)[number], memory: (typeof ROW)[number]): Resources => ({
    cpuMilli: figure(cpu),
    memoryBytes: figure(memory) * MIB,
  });
  const allocatable = size("allocatableCpuMilli", "allocatableMib");
  const requested = size("appsCpuMilli", "appsMib");
  const proxy = figure("proxyMib") < 0 ? null : size("proxyCpuMilli", "proxyMib");
  const required = size("requiredCpuMilli", "requiredMib");
  const { cpuMilli, memoryBytes } = proxy ?? noResources;
  const mesh = {
    cpuMilli: Math.max(cpuMilli, required.cpuMilli),
    memoryBytes: Math.max(memoryBytes, required.memoryBytes),
  };
  const pods = new Map<string, number>();
  for (let index = ROW.length; index < row.length; index += 2)
    pods.set(apps[String(row[index])] ?? "", row[index + 1] ?? 0);
  const meshPods = [...pods.values()].reduce((sum, count) => sum + count, 0);
  return {
    name,
    zone: zones[String(figure("zone"))] ?? "",
    allocatable,
    apps: requested,
    proxy,
    required,
    mesh,
    free: {
      cpuMilli: allocatable.cpuMilli - requested.cpuMilli - mesh.cpuMilli,
      memoryBytes: allocatable.memoryBytes - requested.memoryBytes - mesh.memoryBytes,
    },
    isProxyReady: figure("isReady") === 1,
    isShort: figure("isShort") === 1,
    pods,
    meshPods,
    reuse: pods.size === 0 ? null : meshPods / pods.size,
  };
}

// Up, as requests are rounded: a node is never shown with more room than it has by more than a few MiB.
function mebibytes({ memoryBytes }: Resources): number {
  return Math.ceil(memoryBytes / MIB);
}
