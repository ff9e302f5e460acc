// What a run costs: nodes by the hour, at the prices of the scenario. Nodes without pods count as well where they are
// paid for; how much of the bill goes to nodes in use stands beside it, and is what fewer nodes would save.

import type { Resources } from "#model/resources.ts";
import type { ComparedRun } from "../engine/comparison.ts";
import type { FleetShape } from "../engine/fleet.ts";
import type { TracePod } from "../traces/trace.ts";
import { resourcesOf } from "./written-resources.ts";
import type { Scenario } from "./scenario-schema.ts";

type Prices = NonNullable<Scenario["prices"]>;

export interface RunMoney {
  readonly policy: string;
  readonly order: string;
  readonly currency: string;
  /** Of all nodes there are, and of those in use: over time on average, or at the peak of a trace without time. */
  readonly perHour: number;
  readonly usedPerHour: number;
  /** Over the time from the first arrival to the last; undefined for a trace without time. */
  readonly total: number | undefined;
  readonly usedTotal: number | undefined;
  /** Nodes differ in price, and the mean price of all was taken for those in use. */
  readonly isMeanPrice: boolean;
}

export interface MoneyContext {
  readonly scenario: Scenario;
  readonly prices: Prices;
  readonly shape: FleetShape;
  readonly pods: readonly TracePod[];
}

export function moneyOf(runs: readonly ComparedRun[], context: MoneyContext): readonly RunMoney[] {
  const { prices } = context;
  const { nodeHour, isMeanPrice } = nodePrice(context);
  const hours = arrivalHours(context.pods);
  return runs.map((run) => {
    const { nodes, nodesUsed } = shown(run);
    const perHour = nodes * nodeHour;
    const usedPerHour = nodesUsed * nodeHour;
    const isTimed = run.average !== undefined;
    return {
      policy: run.policy,
      order: run.order,
      currency: prices.currency,
      perHour,
      usedPerHour,
      total: isTimed ? perHour * hours : undefined,
      usedTotal: isTimed ? usedPerHour * hours : undefined,
      isMeanPrice,
    };
  });
}

function shown({ average, peak }: ComparedRun): { readonly nodes: number; readonly nodesUsed: number } {
  return average ?? peak;
}

interface NodePrice {
  readonly nodeHour: number;
  readonly isMeanPrice: boolean;
}

function nodePrice({ scenario: { fleet }, prices, shape }: MoneyContext): NodePrice {
  const { auto, shapes } = fleet;
  if (shapes !== undefined) {
    return meanPrice(
      shapes.map((of) => ({ count: of.count, price: priceOf(resourcesOf(of, "down"), of.name, prices) })),
    );
  }
  const sizes = shape.kind === "auto" ? [shape.nodeSize] : shape.nodes.map(({ allocatable }) => allocatable);
  return meanPrice(sizes.map((size) => ({ count: 1, price: priceOf(size, auto?.name, prices) })));
}

function meanPrice(priced: readonly { readonly count: number; readonly price: number }[]): NodePrice {
  const count = priced.reduce((sum, part) => sum + part.count, 0);
  const total = priced.reduce((sum, part) => sum + part.count * part.price, 0);
  return { nodeHour: total / count, isMeanPrice: new Set(priced.map(({ price }) => price)).size > 1 };
}

function priceOf(size: Resources, name: string | undefined, { cpuHour, gibHour, shapes }: Prices): number {
  const own = name === undefined ? undefined : shapes[name];
  return own ?? (size.cpuMilli / 1000) * cpuHour + (size.memoryBytes / 1024 ** 3) * gibHour;
}

function arrivalHours(pods: readonly TracePod[]): number {
  let first = Infinity;
  let last = -Infinity;
  for (const { createSeconds } of pods) {
    first = Math.min(first, createSeconds);
    last = Math.max(last, createSeconds);
  }
  return pods.length === 0 ? 0 : (last - first) / 3600;
}
