// What becomes of the growth that a recommender asks for, where a scenario says that it is late, put off or refused.
// Drawn from a sequence of its own, so that no other draw of the run changes.

import { SeededRandom } from "../seeded-random.ts";

export interface ResizeConditions {
  /** From the request until the proxy has what it asked for, drawn evenly between the two. */
  readonly delaySeconds: { readonly from: number; readonly to: number };
  /** Of all growth: kubelet puts it off and looks again by itself. */
  readonly deferredShare: number;
  /** Of all growth: it is turned down, and asked for again after the recommender's cooldown. */
  readonly refusedShare: number;
}

export type ResizeFate =
  | { readonly kind: "granted"; readonly afterMs: number }
  | { readonly kind: "deferred" }
  | { readonly kind: "refused" };

/** Apart from the run's other draws with the same seed. */
const SEED_OFFSET = 0x7e512e;

export class ResizeFates {
  readonly #conditions: ResizeConditions;
  readonly #random: SeededRandom;

  constructor(conditions: ResizeConditions, seed: number) {
    this.#conditions = conditions;
    this.#random = new SeededRandom(seed + SEED_OFFSET);
  }

  /** Of growth that is asked for now. */
  next(): ResizeFate {
    const { refusedShare, deferredShare } = this.#conditions;
    const drawn = this.#random.next();
    if (drawn < refusedShare) return { kind: "refused" };
    if (drawn < refusedShare + deferredShare) return { kind: "deferred" };
    return this.#granted();
  }

  /** Of growth that kubelet had put off and looks at again. */
  afterDeferral(): ResizeFate {
    return this.#random.next() < this.#conditions.deferredShare ? { kind: "deferred" } : this.#granted();
  }

  #granted(): ResizeFate {
    const { from, to } = this.#conditions.delaySeconds;
    return { kind: "granted", afterMs: Math.round(this.#random.between(from, to) * 1000) };
  }
}
