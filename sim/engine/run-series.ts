// How a run went over time, for charts: the totals at a bounded number of moments, evenly spread over the time in which
// something happened. While a run goes on nobody knows how long it will be, so that every other point is dropped and the
// step doubled whenever there are too many.

import type { Totals } from "./run-totals.ts";

export interface SeriesPoint extends Totals {
  readonly atSeconds: number;
  /** Pods without a node. */
  readonly waiting: number;
}

/** A chart is some 1,000 pixels wide; two for each point. */
export const SERIES_POINTS_MAX = 512;

export class RunSeries {
  readonly #points: SeriesPoint[] = [];
  #stepSeconds = 0;

  /** Takes the point if it is due; `point` is only called then. */
  offer(atSeconds: number, point: () => Omit<SeriesPoint, "atSeconds">): void {
    const last = this.#points.at(-1);
    if (last !== undefined && atSeconds < last.atSeconds + this.#stepSeconds) return;
    this.#points.push({ atSeconds, ...point() });
    if (this.#points.length > SERIES_POINTS_MAX) this.#thin();
  }

  /** In order of time. */
  points(): readonly SeriesPoint[] {
    return [...this.#points];
  }

  #thin(): void {
    const first = this.#points[0]?.atSeconds ?? 0;
    const span = (this.#points.at(-1)?.atSeconds ?? first) - first;
    this.#stepSeconds = Math.max(1, 2 * this.#stepSeconds, (2 * span) / SERIES_POINTS_MAX);
    const kept = this.#points.splice(0);
    for (const point of kept) {
      const last = this.#points.at(-1);
      if (last === undefined || point.atSeconds >= last.atSeconds + this.#stepSeconds)
        this.#points.push(point);
    }
  }
}
