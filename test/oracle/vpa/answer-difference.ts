// How far two answers to the same question are apart.

import type { SomeResources } from "#vpa-recommender/policy/vpa-recommendation.ts";
import type { AnsweredContainer, ApiCheckpoint, ApiHistogram, VpaAnswer } from "./vpa-command.ts";

export interface Difference {
  /** Figures that were compared: amounts of recommendations, and everything in checkpoints. */
  readonly figures: number;
  readonly unequal: number;
  /** The largest |ours − theirs| ÷ theirs among the amounts that are recommended. */
  readonly amountRelativeMax: number;
  /** The same among the checkpoints' total weights, which are sums of doubles in no fixed order. */
  readonly weightRelativeMax: number;
  /** Each difference in words. */
  readonly faults: readonly string[];
}

export const NO_DIFFERENCE: Difference = {
  figures: 0,
  unequal: 0,
  amountRelativeMax: 0,
  weightRelativeMax: 0,
  faults: [],
};

export function answerDifference(ours: VpaAnswer, theirs: VpaAnswer): Difference {
  const differences = [
    ...byName(containersOf(ours), containersOf(theirs), recommendationDifference),
    ...byName(
      new Map(Object.entries(ours.checkpoints ?? {})),
      new Map(Object.entries(theirs.checkpoints ?? {})),
      checkpointDifference,
    ),
  ];
  return differences.reduce(addDifferences, NO_DIFFERENCE);
}

export function addDifferences(a: Difference, b: Difference): Difference {
  return {
    figures: a.figures + b.figures,
    unequal: a.unequal + b.unequal,
    amountRelativeMax: Math.max(a.amountRelativeMax, b.amountRelativeMax),
    weightRelativeMax: Math.max(a.weightRelativeMax, b.weightRelativeMax),
    faults: [...a.faults, ...b.faults],
  };
}

function containersOf({ containers = [] }: VpaAnswer): ReadonlyMap<string, AnsweredContainer> {
  return new Map(containers.map((container) => [container.name, container]));
}

function byName<T>(
  ours: ReadonlyMap<string, T>,
  theirs: ReadonlyMap<string, T>,
  compare: (ours: T, theirs: T) => Difference,
): readonly Difference[] {
  return [...new Set([...ours.keys(), ...theirs.keys()])].map((name) => {
    const [our, their] = [ours.get(name), theirs.get(name)];
    if (our === undefined || their === undefined) return fault(`only one side has ${name}`);
    return compare(our, their);
  });
}

const KINDS = ["target", "lowerBound", "upperBound", "uncappedTarget"] as const;

function recommendationDifference(ours: AnsweredContainer, theirs: AnsweredContainer): Difference {
  return KINDS.map((kind) => amountsDifference(ours[kind], theirs[kind])).reduce(addDifferences);
}

function amountsDifference(ours: SomeResources, theirs: SomeResources): Difference {
  const resources = ["cpuMilli", "memoryBytes"] as const;
  return resources
    .map((resource): Difference => {
      const [our, their] = [ours[resource], theirs[resource]];
      if (our === undefined && their === undefined) return NO_DIFFERENCE;
      const amountRelativeMax = our === undefined || their === undefined ? 1 : relative(our, their);
      return Object.assign(compared(resource, our, their), { amountRelativeMax });
    })
    .reduce(addDifferences);
}

function checkpointDifference(ours: ApiCheckpoint, theirs: ApiCheckpoint): Difference {
  return [
    compared("first sample", ours.firstSampleStart, theirs.firstSampleStart),
    compared("last sample", ours.lastSampleStart, theirs.lastSampleStart),
    compared("samples", ours.totalSamplesCount, theirs.totalSamplesCount ?? 0),
    histogramDifference(ours.cpuHistogram, theirs.cpuHistogram),
    histogramDifference(ours.memoryHistogram, theirs.memoryHistogram),
  ].reduce(addDifferences);
}

function histogramDifference(ours: ApiHistogram, theirs: ApiHistogram): Difference {
  const [our, their] = [ours.bucketWeights ?? {}, theirs.bucketWeights ?? {}];
  const weights = [...new Set([...Object.keys(our), ...Object.keys(their)])].map((bucket) =>
    compared(`weight of bucket ${bucket}`, our[bucket], their[bucket]),
  );
  const weightRelativeMax = relative(weightTo(theirs.referenceTimestamp, ours), theirs.totalWeight ?? 0);
  return [...weights, { ...NO_DIFFERENCE, weightRelativeMax }].reduce(addDifferences);
}

// Two histograms that are merged end up with the reference of one of them; which one moves depends on the order, which is
// random upstream. A reference that is a day later goes with half the weight.
function weightTo(reference: string | null, { referenceTimestamp, totalWeight = 0 }: ApiHistogram): number {
  if (reference === null || referenceTimestamp === null) return totalWeight;
  return totalWeight * 2 ** ((Date.parse(referenceTimestamp) - Date.parse(reference)) / DAY_MS);
}

const DAY_MS = 24 * 3_600_000;

function compared(what: string, ours: unknown, theirs: unknown): Difference {
  if (ours === theirs) return { ...NO_DIFFERENCE, figures: 1 };
  return fault(`${what}: ${String(ours)} instead of ${String(theirs)}`);
}

function fault(text: string): Difference {
  return { ...NO_DIFFERENCE, figures: 1, unequal: 1, faults: [text] };
}

function relative(ours: number, theirs: number): number {
  return ours === theirs ? 0 : Math.abs(ours - theirs) / Math.max(Math.abs(theirs), Number.MIN_VALUE);
}
