// A histogram whose samples lose half their weight every half-life, as upstream VPA's (pkg/recommender/util, 1.8): a
// percentile is the end of its bucket, weights are kept relative to a reference time that moves on before the numbers
// grow too large, and buckets below a small weight count as empty. test/oracle/vpa holds it to upstream's own code.

import { exp2 } from "./exp2.ts";
import { type BucketOptions, ExponentialBuckets } from "./exponential-buckets.ts";

export interface HistogramOptions extends BucketOptions {
  readonly halfLifeMs: number;
}

/** What outlives a restart: weights scaled to small integers, the largest being 10,000. */
export interface HistogramCheckpoint {
  readonly referenceMs: number;
  readonly bucketWeights: Readonly<Record<string, number>>;
  readonly totalWeight: number;
}

/** Buckets that weigh less hold nothing but rounding. */
const EPSILON = 1e-4;
/** 2^100 leaves room in a double for the sums. */
const DECAY_EXPONENT_MAX = 100;
const CHECKPOINT_WEIGHT_MAX = 10_000;
/** Go's zero time, the first of January of year 1: references are whole half-lives away from it, not from 1970. */
export const ZERO_TIME_MS = -62_135_596_800_000;

export class DecayingHistogram {
  readonly #buckets: ExponentialBuckets;
  readonly #halfLifeMs: number;
  readonly #weights: Float64Array;
  #totalWeight = 0;
  #referenceMs = ZERO_TIME_MS;
  /** The first and the last bucket that is not empty; crossed over while all are. */
  #first: number;
  #last = 0;

  constructor({ halfLifeMs, ...buckets }: HistogramOptions) {
    this.#buckets = new ExponentialBuckets(buckets);
    this.#halfLifeMs = halfLifeMs;
    this.#weights = new Float64Array(this.#buckets.count);
    this.#first = this.#buckets.count - 1;
  }

  get isEmpty(): boolean {
    return this.#weightOf(this.#first) < EPSILON;
  }

  addSample(value: number, weight: number, timeMs: number): void {
    const decayed = weight * this.#decayFactor(timeMs);
    const bucket = this.#buckets.bucketOf(value);
    const grown = this.#weightOf(bucket) + decayed;
    this.#weights[bucket] = grown;
    this.#totalWeight += decayed;
    if (grown < EPSILON) return;
    if (bucket < this.#first) this.#first = bucket;
    if (bucket > this.#last) this.#last = bucket;
  }

  /** Takes back a sample that was added with the same value, weight and time. */
  subtractSample(value: number, weight: number, timeMs: number): void {
    const decayed = weight * this.#decayFactor(timeMs);
    const bucket = this.#buckets.bucketOf(value);
    this.#totalWeight = withoutDust(this.#totalWeight - decayed);
    this.#weights[bucket] = withoutDust(this.#weightOf(bucket) - decayed);
    this.#narrow();
  }

  /** Adds what another histogram of the same options holds. */
  merge(other: DecayingHistogram): void {
    if (this.#referenceMs < other.#referenceMs) this.#moveReference(other.#referenceMs);
    else if (other.#referenceMs < this.#referenceMs) other.#moveReference(this.#referenceMs);
    for (let bucket = other.#first; bucket <= other.#last; bucket++)
      this.#weights[bucket] = this.#weightOf(bucket) + other.#weightOf(bucket);
    this.#totalWeight += other.#totalWeight;
    this.#first = Math.min(this.#first, other.#first);
    this.#last = Math.max(this.#last, other.#last);
  }

  /** Multiplies every value that was added; exact to half a bucket. */
  scaleValues(factor: number): void {
    const weights = this.#weights.slice(this.#first, this.#last + 1);
    const first = this.#first;
    this.#weights.fill(0);
    for (const [index, weight] of weights.entries()) {
      const start = this.#buckets.startOf(first + index);
      const middle = (start + this.#buckets.startOf(first + index + 1)) / 2;
      const moved = this.#buckets.bucketOf(middle * factor);
      this.#weights[moved] = this.#weightOf(moved) + weight;
    }
    this.#first = 0;
    this.#last = this.#buckets.count - 1;
    this.#narrow();
  }

  /** The end of the bucket in which the share `percentile` (0 to 1) of the weight is reached; 0 without samples. */
  percentile(percentile: number): number {
    if (this.isEmpty) return 0;
    const threshold = percentile * this.#totalWeight;
    let sum = 0;
    let bucket = this.#first;
    for (; bucket < this.#last; bucket++) {
      sum += this.#weightOf(bucket);
      if (sum >= threshold) break;
    }
    // The last bucket has no end.
    return this.#buckets.startOf(Math.min(bucket + 1, this.#buckets.count - 1));
  }

  checkpoint(): HistogramCheckpoint {
    const held = this.#weights.subarray(this.#first, this.#last + 1);
    const ratio = CHECKPOINT_WEIGHT_MAX / held.reduce((most, weight) => Math.max(most, weight), 0);
    const bucketWeights: Record<string, number> = {};
    for (let bucket = this.#first; bucket <= this.#last; bucket++) {
      const weight = Math.floor(this.#weightOf(bucket) * ratio + 0.5);
      if (weight > 0) bucketWeights[bucket] = weight;
    }
    return { referenceMs: this.#referenceMs, bucketWeights, totalWeight: this.#totalWeight };
  }

  /** The histogram that was saved; undefined if the checkpoint is none of such a histogram. */
  static restored(options: HistogramOptions, checkpoint: HistogramCheckpoint): DecayingHistogram | undefined {
    const histogram = new DecayingHistogram(options);
    return histogram.#load(checkpoint) ? histogram : undefined;
  }

  #load({ referenceMs, bucketWeights, totalWeight }: HistogramCheckpoint): boolean {
    const entries = Object.entries(bucketWeights).map(
      ([bucket, weight]) => [Number(bucket), weight] as const,
    );
    const isOurs = (bucket: number): boolean =>
      Number.isInteger(bucket) && bucket >= 0 && bucket < this.#buckets.count;
    if (!(totalWeight >= 0) || !entries.every(([bucket, weight]) => isOurs(bucket) && weight >= 0))
      return false;
    this.#referenceMs = referenceMs;
    const sum = entries.reduce((total, [, weight]) => total + weight, 0);
    if (sum === 0) return true;
    for (const [bucket, weight] of entries) {
      this.#weights[bucket] = weight * (totalWeight / sum);
      this.#first = Math.min(this.#first, bucket);
      this.#last = Math.max(this.#last, bucket);
    }
    this.#totalWeight = totalWeight;
    this.#narrow();
    return true;
  }

  #decayFactor(timeMs: number): number {
    const ageMax = this.#halfLifeMs * DECAY_EXPONENT_MAX;
    if (timeMs - this.#referenceMs > ageMax) this.#moveReference(timeMs);
    return exp2((timeMs - this.#referenceMs) / this.#halfLifeMs);
  }

  #moveReference(timeMs: number): void {
    const halfLives = Math.floor((timeMs - ZERO_TIME_MS) / this.#halfLifeMs + 0.5);
    const referenceMs = ZERO_TIME_MS + halfLives * this.#halfLifeMs;
    const factor = 2 ** Math.floor((this.#referenceMs - referenceMs) / this.#halfLifeMs + 0.5);
    for (let bucket = this.#first; bucket <= this.#last; bucket++)
      this.#weights[bucket] = this.#weightOf(bucket) * factor;
    this.#totalWeight *= factor;
    this.#referenceMs = referenceMs;
    this.#narrow();
  }

  #narrow(): void {
    const end = this.#buckets.count - 1;
    while (this.#first < end && this.#weightOf(this.#first) < EPSILON) this.#first++;
    while (this.#last > 0 && this.#weightOf(this.#last) < EPSILON) this.#last--;
  }

  #weightOf(bucket: number): number {
    return this.#weights[bucket] ?? 0;
  }
}

function withoutDust(weight: number): number {
  return weight < EPSILON ? 0 : weight;
}
