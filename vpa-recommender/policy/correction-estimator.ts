// Corrects one node's model by what its proxy was seen to use:
//   correction(n) = p90 over time of (used − proxyBase) ÷ modelCost(S at that time), plus a margin of 15 %
// Dividing by the model of the same moment keeps an app that joins from being counted twice: once by feed-forward and
// again by usage. Taking a percentile of the sum over apps pools peaks that do not coincide. Percentile and margin are
// upstream VPA's.

import { boundCorrection, type Correction } from "#model/correction.ts";
import type { Resources } from "#model/resources.ts";
import { DecayingHistogram } from "./decaying-histogram.ts";

export interface UsageSample {
  readonly used: Resources;
  readonly proxyBase: Resources;
  readonly modelCost: Resources;
  readonly timeMs: number;
}

const TARGET_PERCENTILE = 0.9;
const SAFETY_MARGIN = 1.15;
const HISTOGRAM = { firstBucketSize: 0.01, maxValue: 100, halfLifeMs: 24 * 3_600_000 };
/** Fewer samples say more about the last minutes than about the node. */
const SAMPLES_MIN = 12;
/** Two digits: finer corrections would only cause writes. */
const STEPS_PER_UNIT = 100;

export class CorrectionEstimator {
  readonly #cpu = new DecayingHistogram(HISTOGRAM);
  readonly #memory = new DecayingHistogram(HISTOGRAM);
  #samples = 0;

  /** A sample of a proxy without instances says nothing about apps and is passed over. */
  add({ used, proxyBase, modelCost, timeMs }: UsageSample): void {
    if (modelCost.cpuMilli <= 0 || modelCost.memoryBytes <= 0) return;
    const ratio = (resource: keyof Resources): number =>
      Math.max(0, used[resource] - proxyBase[resource]) / modelCost[resource];
    this.#cpu.addSample(ratio("cpuMilli"), 1, timeMs);
    this.#memory.addSample(ratio("memoryBytes"), 1, timeMs);
    this.#samples++;
  }

  /** Undefined until there is enough history; what was published before then stays valid. */
  estimate(): Correction | undefined {
    if (this.#samples < SAMPLES_MIN) return undefined;
    return boundCorrection({ cpu: rounded(this.#cpu), memory: rounded(this.#memory) });
  }
}

function rounded(histogram: DecayingHistogram): number {
  return Math.ceil(histogram.percentile(TARGET_PERCENTILE) * SAFETY_MARGIN * STEPS_PER_UNIT) / STEPS_PER_UNIT;
}

/** A smaller change is not worth a write, nor worth making every reader recompute. */
const PUBLISH_CHANGE_MIN = 0.05;

export function isWorthPublishing(published: Correction, estimate: Correction): boolean {
  return (
    Math.abs(estimate.cpu - published.cpu) > PUBLISH_CHANGE_MIN ||
    Math.abs(estimate.memory - published.memory) > PUBLISH_CHANGE_MIN
  );
}
