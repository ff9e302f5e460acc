// Where a load goes, and how long it waits.

export interface LoadTarget {
  readonly host: string;
  readonly port: number;
}

/** Nothing that answers takes so long; what does is lost. */
export const ANSWER_MS_MAX = 15_000;
