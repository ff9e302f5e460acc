// How long pods wait for a node: from a pod's creation to its placement. Most do not wait at all, and are only counted.

import type { PodUid } from "#model/brand.ts";

export interface PendingResult {
  /** Pods that were not placed at once. */
  readonly waited: number;
  /** Left or still wait without ever having had a node; their time is in no percentile. */
  readonly neverPlaced: number;
  /** Of all pods that were placed, by nearest rank; undefined if none was. */
  readonly secondsP50: number | undefined;
  readonly secondsP90: number | undefined;
  readonly secondsP99: number | undefined;
  readonly secondsMax: number | undefined;
}

export class PendingTimes {
  readonly #sinceMs = new Map<PodUid, number>();
  readonly #waitedMs: number[] = [];

  /** The pod was created and has to wait; a second call for it changes nothing. */
  began(uid: PodUid, nowMs: number): void {
    if (!this.#sinceMs.has(uid)) this.#sinceMs.set(uid, nowMs);
  }

  placed(uid: PodUid, nowMs: number): void {
    const sinceMs = this.#sinceMs.get(uid);
    if (sinceMs === undefined) return;
    this.#sinceMs.delete(uid);
    // An autoscaler's new nodes come at once: what waits for them for no time has not waited.
    if (nowMs > sinceMs) this.#waitedMs.push(nowMs - sinceMs);
  }

  /** The pod goes without having been placed. */
  gaveUp(uid: PodUid): void {
    this.#sinceMs.delete(uid);
  }

  result({ placed, unplaced }: { readonly placed: number; readonly unplaced: number }): PendingResult {
    const sorted = Float64Array.from(this.#waitedMs).sort();
    const atOnce = placed - sorted.length;
    const seconds = (share: number): number | undefined => {
      if (placed === 0) return undefined;
      const rank = Math.max(1, Math.ceil(share * placed));
      return rank <= atOnce ? 0 : (sorted[rank - atOnce - 1] ?? 0) / 1000;
    };
    return {
      waited: sorted.length + unplaced,
      neverPlaced: unplaced,
      secondsP50: seconds(0.5),
      secondsP90: seconds(0.9),
      secondsP99: seconds(0.99),
      secondsMax: seconds(1),
    };
  }
}
