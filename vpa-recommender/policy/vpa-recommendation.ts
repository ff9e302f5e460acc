// What to request, by upstream VPA's algorithm (pkg/recommender/logic, 1.8):
//   target p90, lower bound p50, upper bound p95, each + 15 %
//   upper · (1 + 1 ÷ c), lower · (1 + 0.001 ÷ c)^−2          c: confidence in days, see usage-aggregate.ts
//   at least 25m and 250 MiB per pod, shared among its containers
// Every step cuts off to whole millicores and bytes. What the owner allows (min, max) comes last, and spares the uncapped
// target.

import type { Resources } from "#model/resources.ts";
import { amountOf, scaledAmount } from "./resource-amount.ts";
import type { UsageAggregate } from "./usage-aggregate.ts";

/** Absent where the resource is not controlled. */
export type SomeResources = Partial<Resources>;

export interface ContainerRecommendation {
  readonly name: string;
  readonly target: SomeResources;
  readonly lowerBound: SomeResources;
  readonly upperBound: SomeResources;
  readonly uncappedTarget: SomeResources;
}

/** One entry of a VPA's resourcePolicy; the name "*" stands for every container without an entry of its own. */
export interface ContainerPolicy {
  readonly name: string;
  readonly isOff: boolean;
  readonly minAllowed: SomeResources;
  readonly maxAllowed: SomeResources;
  readonly controlled: readonly (keyof Resources)[];
}

export interface RecommendationOptions {
  readonly policies: readonly ContainerPolicy[];
  /** Values are rounded up to multiples of these; 1 by default. */
  readonly roundTo?: Resources;
}

const CONTROLLED_BY_DEFAULT: readonly (keyof Resources)[] = ["cpuMilli", "memoryBytes"];
const ANY_CONTAINER = "*";
const PERCENTILES = { target: 0.9, lowerBound: 0.5, upperBound: 0.95 } as const;
const MARGIN = 0.15;
const POD_MIN: Resources = { cpuMilli: 25, memoryBytes: 250 * 1024 ** 2 };
const MILLI_PER_CORE = 1000;

/** Sorted by name; containers that are switched off are left out. */
export function vpaRecommendation(
  containers: ReadonlyMap<string, UsageAggregate>,
  { policies, roundTo = { cpuMilli: 1, memoryBytes: 1 } }: RecommendationOptions,
): readonly ContainerRecommendation[] {
  const scaled = [...containers].flatMap(([name, aggregate]) => {
    const policy = policyFor(name, policies);
    return policy?.isOff === true ? [] : [{ name, aggregate, policy }];
  });
  const floor = floorPerContainer(scaled.length);
  return scaled
    .map(({ name, aggregate, policy }) => {
      const controlled = policy?.controlled ?? CONTROLLED_BY_DEFAULT;
      const finish = (amounts: Resources): SomeResources =>
        rounded(pick(atLeast(amounts, floor), controlled), roundTo);
      const { target, lowerBound, upperBound } = estimates(aggregate);
      const uncappedTarget = finish(target);
      return {
        name,
        target: capped(uncappedTarget, policy),
        lowerBound: capped(finish(lowerBound), policy),
        upperBound: capped(finish(upperBound), policy),
        uncappedTarget,
      };
    })
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

function policyFor(name: string, policies: readonly ContainerPolicy[]): ContainerPolicy | undefined {
  return (
    policies.find((policy) => policy.name === name) ??
    policies.findLast((policy) => policy.name === ANY_CONTAINER)
  );
}

function floorPerContainer(count: number): Resources {
  const share = 1 / count;
  return {
    cpuMilli: scaledAmount(POD_MIN.cpuMilli, share),
    memoryBytes: scaledAmount(POD_MIN.memoryBytes, share),
  };
}

function estimates(aggregate: UsageAggregate): Record<keyof typeof PERCENTILES, Resources> {
  const days = aggregate.confidenceDays();
  const wide = 1 + 0.001 / days;
  return {
    target: withMargin(aggregate, PERCENTILES.target),
    lowerBound: scaledBoth(withMargin(aggregate, PERCENTILES.lowerBound), 1 / (wide * wide)),
    upperBound: scaledBoth(withMargin(aggregate, PERCENTILES.upperBound), 1 + 1 / days),
  };
}

function withMargin(aggregate: UsageAggregate, percentile: number): Resources {
  const cpuMilli = amountOf(aggregate.cpuCores(percentile) * MILLI_PER_CORE);
  const memoryBytes = amountOf(aggregate.memoryBytes(percentile));
  return {
    cpuMilli: cpuMilli + scaledAmount(cpuMilli, MARGIN),
    memoryBytes: memoryBytes + scaledAmount(memoryBytes, MARGIN),
  };
}

function scaledBoth({ cpuMilli, memoryBytes }: Resources, factor: number): Resources {
  return { cpuMilli: scaledAmount(cpuMilli, factor), memoryBytes: scaledAmount(memoryBytes, factor) };
}

function atLeast(amounts: Resources, floor: Resources): Resources {
  return {
    cpuMilli: Math.max(amounts.cpuMilli, floor.cpuMilli),
    memoryBytes: Math.max(amounts.memoryBytes, floor.memoryBytes),
  };
}

function pick(amounts: Resources, controlled: readonly (keyof Resources)[]): SomeResources {
  return Object.fromEntries(controlled.map((resource) => [resource, amounts[resource]]));
}

function rounded(amounts: SomeResources, roundTo: Resources): SomeResources {
  return mapResources(
    amounts,
    (amount, resource) => Math.ceil(amount / roundTo[resource]) * roundTo[resource],
  );
}

// A limit of zero is none.
function capped(amounts: SomeResources, policy: ContainerPolicy | undefined): SomeResources {
  return mapResources(amounts, (amount, resource) => {
    const raised = Math.max(amount, policy?.minAllowed[resource] ?? 0);
    const most = policy?.maxAllowed[resource] ?? 0;
    return most === 0 ? raised : Math.min(raised, most);
  });
}

function mapResources(
  amounts: SomeResources,
  change: (amount: number, resource: keyof Resources) => number,
): SomeResources {
  const { cpuMilli, memoryBytes } = amounts;
  return {
    ...(cpuMilli === undefined ? {} : { cpuMilli: change(cpuMilli, "cpuMilli") }),
    ...(memoryBytes === undefined ? {} : { memoryBytes: change(memoryBytes, "memoryBytes") }),
  };
}
