// The slices as the API server has them, from the watch and from the answers to our own writes, whichever is newer.

import type { StoredSlice } from "./slice-changes.ts";

export class StoredSlices {
  readonly #byService = new Map<string, Map<string, StoredSlice>>();
  /** Names that turned out to be in use, by nobody that the watch shows. */
  readonly #taken = new Map<string, Set<string>>();

  of(service: string): readonly StoredSlice[] {
    return [...(this.#byService.get(service)?.values() ?? [])];
  }

  services(): Iterable<string> {
    return this.#byService.keys();
  }

  *all(): Iterable<StoredSlice> {
    for (const slices of this.#byService.values()) yield* slices.values();
  }

  /** @returns whether it is news. */
  upsert(stored: StoredSlice): boolean {
    const key = keyOf(stored);
    const slices = this.#byService.get(key) ?? new Map<string, StoredSlice>();
    const known = slices.get(stored.slice.name);
    if (known?.uid === stored.uid && !isNewer(stored, known)) return false;
    this.#byService.set(key, slices.set(stored.slice.name, stored));
    return true;
  }

  /** @returns whether it was there. */
  remove(stored: StoredSlice): boolean {
    const key = keyOf(stored);
    const slices = this.#byService.get(key);
    if (slices?.get(stored.slice.name)?.uid !== stored.uid) return false;
    slices.delete(stored.slice.name);
    if (slices.size === 0) {
      this.#byService.delete(key);
      this.#taken.delete(key);
    }
    return true;
  }

  nameTaken(service: string, name: string): void {
    const taken = this.#taken.get(service) ?? new Set();
    this.#taken.set(service, taken.add(name));
  }

  /** `berth-cart-0`, `berth-cart-1` and so on, without those in use. The same each time, so that a lost answer does no harm. */
  *freeNames(service: string): Generator<string, never> {
    const used = this.#byService.get(service);
    const taken = this.#taken.get(service);
    const base = `berth-${service.slice(service.indexOf("/") + 1)}`;
    for (let index = 0; ; index++) {
      const name = `${base}-${index}`;
      if (used?.has(name) !== true && taken?.has(name) !== true) yield name;
    }
  }
}

function keyOf({ slice }: StoredSlice): string {
  return `${slice.namespace}/${slice.service}`;
}

/** Versions are numbers that grow, as the reflector counts on, too. */
function isNewer(one: StoredSlice, other: StoredSlice): boolean {
  return Number(one.resourceVersion) > Number(other.resourceVersion);
}
