// The recent changes of one resource, from which a watch resumes.

import type { Change } from "./object-store.ts";
import { RESOURCE_VERSION_FIRST } from "./object-store.ts";

export class WatchHistory {
  readonly #lengthMax: number;
  #changes: Change[] = [];
  // A watch may start from this version or later.
  #oldest = RESOURCE_VERSION_FIRST;

  constructor(lengthMax: number) {
    this.#lengthMax = lengthMax;
  }

  add(change: Change): void {
    this.#changes.push(change);
    // Cut in large steps: one copy per quarter of the history instead of a shift per change.
    if (this.#changes.length <= this.#lengthMax * 1.25) return;
    const dropped = this.#changes.splice(0, this.#changes.length - this.#lengthMax);
    this.#oldest = dropped.at(-1)?.resourceVersion ?? this.#oldest;
  }

  /** The changes after a version, or undefined if some of them are forgotten. */
  since(resourceVersion: number): readonly Change[] | undefined {
    if (resourceVersion < this.#oldest) return undefined;
    return this.#changes.slice(this.#indexAfter(resourceVersion));
  }

  get oldestVersion(): number {
    return this.#oldest;
  }

  #indexAfter(resourceVersion: number): number {
    let low = 0;
    let high = this.#changes.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const change = this.#changes[middle];
      if (change !== undefined && change.resourceVersion <= resourceVersion) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
