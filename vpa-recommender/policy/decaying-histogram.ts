// A histogram over exponentially growing buckets whose samples lose half their weight every half-life. Source:
// upstream VPA 1.8, pkg/recommender/util: buckets grow by 5 %, a percentile is the end of its bucket, and weights are
// kept relative to a reference time that moves on before the numbers grow too large.

export interface HistogramOptions {
  readonly firstBucketSize: number;
  readonly maxValue: number;
  readonly halfLifeMs: number;
}

const BUCKET_GROWTH = 0.05;
/** Buckets that weigh less hold nothing but rounding. */
const EPSILON = 1e-4;
/** 2^100 leaves room in a double for the sums. */
const DECAY_EXPONENT_MAX = 100;

export class DecayingHistogram {
  readonly #options: HistogramOptions;
  readonly #weights: Float64Array;
  #totalWeight = 0;
  #referenceMs = 0;

  constructor(options: HistogramOptions) {
    this.#options = options;
    this.#weights = new Float64Array(this.#bucketOf(options.maxValue) + 1);
  }

  get isEmpty(): boolean {
    return this.#totalWeight < EPSILON;
  }

  addSample(value: number, weight: number, timeMs: number): void {
    const bucket = this.#bucketOf(Math.min(value, this.#options.maxValue));
    const decayed = weight * this.#decayFactor(timeMs);
    this.#weights[bucket] = (this.#weights[bucket] ?? 0) + decayed;
    this.#totalWeight += decayed;
  }

  /** The end of the bucket in which the share `percentile` (0 to 1) of the weight is reached; 0 without samples. */
  percentile(percentile: number): number {
    if (this.isEmpty) return 0;
    const threshold = percentile * this.#totalWeight;
    let sum = 0;
    let bucket = 0;
    for (; bucket < this.#weights.length - 1; bucket++) {
      sum += this.#weights[bucket] ?? 0;
      if (sum >= threshold && sum > 0) break;
    }
    return Math.min(this.#bucketStart(bucket + 1), this.#options.maxValue);
  }

  #decayFactor(timeMs: number): number {
    const { halfLifeMs } = this.#options;
    if (timeMs - this.#referenceMs > halfLifeMs * DECAY_EXPONENT_MAX) this.#moveReference(timeMs);
    return 2 ** ((timeMs - this.#referenceMs) / halfLifeMs);
  }

  #moveReference(timeMs: number): void {
    const { halfLifeMs } = this.#options;
    const referenceMs = Math.round(timeMs / halfLifeMs) * halfLifeMs;
    const factor = 2 ** ((this.#referenceMs - referenceMs) / halfLifeMs);
    this.#referenceMs = referenceMs;
    this.#totalWeight = 0;
    for (const [bucket, weight] of this.#weights.entries()) {
      this.#weights[bucket] = weight * factor;
      this.#totalWeight += weight * factor;
    }
  }

  #bucketOf(value: number): number {
    const { firstBucketSize } = this.#options;
    if (value < firstBucketSize) return 0;
    return Math.floor(Math.log((value * BUCKET_GROWTH) / firstBucketSize + 1) / Math.log(1 + BUCKET_GROWTH));
  }

  #bucketStart(bucket: number): number {
    return (this.#options.firstBucketSize * ((1 + BUCKET_GROWTH) ** bucket - 1)) / BUCKET_GROWTH;
  }
}
