// The bucketing of upstream VPA's histograms (pkg/recommender/util, 1.8): bucket n is first · 1.05^n wide, so that it
// starts at first · (1.05^n − 1) ÷ 0.05, and the last bucket starts at the largest value that is told apart, or above.

export interface BucketOptions {
  readonly firstBucketSize: number;
  readonly maxValue: number;
}

const RATIO = 1 + 0.05;

export class ExponentialBuckets {
  readonly count: number;
  readonly #firstBucketSize: number;

  constructor({ firstBucketSize, maxValue }: BucketOptions) {
    this.#firstBucketSize = firstBucketSize;
    this.count = Math.ceil(logarithm((maxValue * (RATIO - 1)) / firstBucketSize + 1)) + 1;
  }

  /** Values below the first bucket and above the last one count at the ends. */
  bucketOf(value: number): number {
    if (value < this.#firstBucketSize) return 0;
    const bucket = Math.trunc(logarithm((value * (RATIO - 1)) / this.#firstBucketSize + 1));
    return Math.min(bucket, this.count - 1);
  }

  startOf(bucket: number): number {
    return (this.#firstBucketSize * (ratioToThe(bucket) - 1)) / (RATIO - 1);
  }
}

function logarithm(value: number): number {
  return Math.log(value) / Math.log(RATIO);
}

// By squaring, as Go's math.Pow does: the same bits, so that truncating a bucket's end gives the same integer.
function ratioToThe(exponent: number): number {
  let result = 1;
  let square = RATIO;
  for (let rest = exponent; rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) result *= square;
    square *= square;
  }
  return result;
}
