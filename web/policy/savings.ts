// "What does the mesh cost, and what would it cost otherwise?": the simulator's findings as rows, in money at prices that
// whoever reads may set.

import type { Resources } from "#model/resources.ts";
import type { Forecast, ForecastGround, NodeShape } from "./forecast.ts";

/** Ways to carry the same mesh, as the simulator names them, in the order in which they are shown. */
export const CARRIERS = [
  "sidecarQuarter",
  "sidecarFixed",
  "proxyByDefault",
  "proxyAsItStands",
  "proxyPlacedAnew",
] as const;
export type Carrier = (typeof CARRIERS)[number];

export interface CarrierCost {
  readonly instances: number;
  /** What the mesh requests: the sidecars, or what the proxies require. */
  readonly mesh: Resources;
  readonly nodesUsed: number;
  /** Nodes on which it does not fit beside what runs there. */
  readonly nodesShort: number;
  readonly podsOnNodeMax: number;
  readonly unplaced: number;
  readonly moved: number;
}

export type SavingsFinding =
  | { readonly kind: "begins"; readonly what: "placing" | "fewestNodes"; readonly carrier: Carrier }
  | { readonly kind: "cost"; readonly carrier: Carrier; readonly cost: CarrierCost }
  | { readonly kind: "fewestNodes"; readonly carrier: Carrier; readonly nodes: number | null };

export interface SavingsView {
  readonly forecast: Forecast<readonly SavingsFinding[]>;
}

export interface Prices {
  readonly currency: string;
  /** Of one core, and of one GiB, for an hour. */
  readonly coreHour: number;
  readonly gibHour: number;
}

/** Round figures near the list prices of large clouds' general-purpose nodes: an example to put one's own in place of. */
export const EXAMPLE_PRICES: Prices = { currency: "USD", coreHour: 0.03, gibHour: 0.004 };

/** As bills count: 365.25 days through 12. */
export const HOURS_PER_MONTH = 730.5;

export interface CarrierRow {
  readonly carrier: Carrier;
  readonly name: string;
  /** How it was come by. */
  readonly how: string;
  /** Absent until it is found. */
  readonly cost?: CarrierCost;
  /** Of memory, against what the proxies require as they stand: 1 is the same, 2 twice as much. */
  readonly memoryRatio?: number;
  readonly meshPerMonth?: number;
  /** The fewest nodes that would do; null if all there are do not; absent until it is found. */
  readonly nodes?: number | null;
  readonly nodesPerMonth?: number;
}

export function savingsRows(
  findings: readonly SavingsFinding[],
  { prices, shapes }: { readonly prices: Prices; readonly shapes: readonly NodeShape[] },
): readonly CarrierRow[] {
  const costs = new Map<Carrier, CarrierCost>();
  const nodesOf = new Map<Carrier, number | null>();
  for (const finding of findings) {
    if (finding.kind === "cost") costs.set(finding.carrier, finding.cost);
    if (finding.kind === "fewestNodes") nodesOf.set(finding.carrier, finding.nodes);
  }
  const now = costs.get("proxyAsItStands")?.mesh.memoryBytes;
  const perNode = meanNodeHour(shapes, prices) * HOURS_PER_MONTH;
  return CARRIERS.map((carrier) =>
    rowOf(carrier, { cost: costs.get(carrier), nodes: nodesOf.get(carrier), now, prices, perNode }),
  );
}

interface Found {
  readonly cost: CarrierCost | undefined;
  readonly nodes: number | null | undefined;
  /** Memory of the mesh as it stands, in bytes. */
  readonly now: number | undefined;
  readonly prices: Prices;
  /** A node's price for a month. */
  readonly perNode: number;
}

function rowOf(carrier: Carrier, { cost, nodes, now = 0, prices, perNode }: Found): CarrierRow {
  const words = { carrier, ...CARRIER_WORDS[carrier] };
  const counted = {
    ...(nodes !== undefined && { nodes }),
    ...(typeof nodes === "number" && { nodesPerMonth: nodes * perNode }),
  };
  if (cost === undefined) return { ...words, ...counted };
  const meshPerMonth = hourly(cost.mesh, prices) * HOURS_PER_MONTH;
  const memoryRatio = now === 0 ? undefined : cost.mesh.memoryBytes / now;
  return { ...words, ...counted, cost, meshPerMonth, ...(memoryRatio !== undefined && { memoryRatio }) };
}

/** Within a sentence. */
export function carrierName(carrier: Carrier): string {
  const { name } = CARRIER_WORDS[carrier];
  return `${name.charAt(0).toLowerCase()}${name.slice(1)}`;
}

const CARRIER_WORDS: Readonly<Record<Carrier, { readonly name: string; readonly how: string }>> = {
  sidecarQuarter: {
    name: "Sidecars of a quarter",
    how: "a sidecar of a quarter of the pod's memory in every mesh pod, without CPU of its own",
  },
  sidecarFixed: {
    name: "Sidecars of one size",
    how: "a sidecar of 100m and 128 MiB in every mesh pod, Istio's default request",
  },
  proxyByDefault: {
    name: "Node proxies, default scheduling",
    how: "every movable mesh pod placed anew as kube-scheduler does by itself, which spreads an app's pods",
  },
  proxyAsItStands: { name: "Node proxies, as it stands", how: "every pod where it is now" },
  proxyPlacedAnew: {
    name: "Node proxies, placed anew by Berth",
    how: "every movable mesh pod placed anew by Berth, app by app, as rollouts would in time",
  },
};

/** What an amount costs an hour. */
export function hourly({ cpuMilli, memoryBytes }: Resources, { coreHour, gibHour }: Prices): number {
  return (cpuMilli / 1000) * coreHour + (memoryBytes / 1024 ** 3) * gibHour;
}

/** Nodes differ in size; which of them would be given back is open, so that each costs the mean. */
function meanNodeHour(shapes: readonly NodeShape[], prices: Prices): number {
  const nodes = shapes.reduce((sum, shape) => sum + shape.nodes, 0);
  const total = shapes.reduce((sum, shape) => sum + shape.nodes * hourly(shape, prices), 0);
  return nodes === 0 ? 0 : total / nodes;
}

/** The screen's answer in a sentence; undefined until enough is found. */
export function savingsHeadline(rows: readonly CarrierRow[]): string | undefined {
  const share = (of: Carrier): number | undefined => rows.find(({ carrier }) => carrier === of)?.memoryRatio;
  const quarter = share("sidecarQuarter");
  const fixed = share("sidecarFixed");
  const anew = share("proxyPlacedAnew");
  if (quarter === undefined || fixed === undefined) return undefined;
  const against = `The mesh needs ${partText(1 / quarter)} the memory of sidecars of a quarter, and ${partText(1 / fixed)} that of sidecars of one size.`;
  if (anew === undefined) return against;
  const rest = Math.round((1 - anew) * 100);
  if (rest > 0) return `${against} Placing every pod anew would save ${rest} % more of it.`;
  return `${against} Placing every pod anew would save nothing.`;
}

function partText(ratio: number): string {
  const percent = Math.round(ratio * 100);
  return percent < 200 ? `${percent} % of` : `${ratio.toFixed(1)} times`;
}

export function moneyText(amount: number, { currency }: Prices): string {
  const size = Math.abs(amount);
  const digits = size >= 100 ? 0 : 2;
  return `${amount.toFixed(digits).replaceAll(/\B(?=(\d{3})+(?!\d))/g, "\u202f")} ${currency}`;
}

/** What the figures rest on, each a sentence. */
export function groundFacts({ meshPods, meshPodsBound, apps, nodes }: ForecastGround): readonly string[] {
  return [
    `Of ${meshPods} mesh pods of ${apps} apps on ${nodes} nodes${meshPodsBound === 0 ? "" : `; ${meshPodsBound} of them stay where they are, for volumes, anti-affinity and the like`}.`,
    "Costs are those of the apps' profiles, learned ones where they are charged, with the mean of the nodes' corrections; headroom is left out.",
    "The fewest nodes are found by packing the pods, in random orders, on ever fewer of the nodes until they fit no more. Sidecars are packed by Berth's placement too, which flatters them.",
  ];
}
