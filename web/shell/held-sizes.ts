// What the recommender holds each node's proxy to need, asked every few seconds while somebody looks: by that alone a proxy
// is short. Placement counts more than that on purpose, by the day instead of the hour.

import { z } from "zod";
import type { Resources } from "#model/resources.ts";
import { OperationError } from "#runtime/operation-error.ts";
import type { ComponentInterface } from "./components.ts";

export interface HeldSizesOptions {
  readonly recommender: Pick<ComponentInterface, "get">;
  /** The machine's. */
  readonly nowMs: () => number;
}

/** 5,000 nodes' answer is a megabyte. */
const ASKED_EVERY_MS = 10_000;

const answer = z.object({
  items: z.array(
    z.object({
      node: z.string(),
      required: z.object({ cpuMilli: z.number(), memoryBytes: z.number() }),
    }),
  ),
});

export class HeldSizes {
  readonly #options: HeldSizesOptions;
  #required: ReadonlyMap<string, Resources> = new Map();
  #askedAtMs = Number.NEGATIVE_INFINITY;
  #asking: Promise<void> = Promise.resolve();
  #changes = 0;

  constructor(options: HeldSizesOptions) {
    this.#options = options;
  }

  /** By node, as last told; empty until it was, and while the recommender is away. */
  get required(): ReadonlyMap<string, Resources> {
    const nowMs = this.#options.nowMs();
    if (nowMs - this.#askedAtMs >= ASKED_EVERY_MS) {
      this.#askedAtMs = nowMs;
      this.#asking = this.#ask();
    }
    return this.#required;
  }

  /** Rises with each answer. */
  get changes(): number {
    return this.#changes;
  }

  /** Resolves when no question is underway. */
  async settle(): Promise<void> {
    await this.#asking;
  }

  async #ask(): Promise<void> {
    this.#required = await this.#told();
    this.#changes += 1;
  }

  async #told(): Promise<ReadonlyMap<string, Resources>> {
    try {
      const { items } = answer.parse(await this.#options.recommender.get("/recommendations"));
      return new Map(items.map(({ node, required }) => [node, required]));
    } catch (error) {
      // The head of every screen says that it is away; what placement counts is shown meanwhile.
      if (error instanceof OperationError || error instanceof z.ZodError) return new Map();
      throw error;
    }
  }
}
