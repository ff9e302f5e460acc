// What the others are compared with: one size for all nodes that nobody touches, and an oracle that knows the next minutes.

import { ceilResources, noResources, type Resources } from "#model/resources.ts";
import {
  DEFAULT_PLANNER_OPTIONS,
  type PlannerOptions,
  targetSize,
} from "#vpa-recommender/policy/resize-planner.ts";
import { PlannedSize } from "./planned-size.ts";
import type { NodeOccasion, SizingPolicy } from "./sizing-policy.ts";

export class TemplatePolicy implements SizingPolicy {
  readonly name = "template";
  readonly #template: Resources;

  constructor(template: Resources) {
    this.#template = template;
  }

  decide(): Resources {
    return this.#template;
  }

  observe(): void {
    // It does not look.
  }
}

/** Has exactly what the next ten minutes want, and writes as often as that takes. */
export class ClairvoyantPolicy implements SizingPolicy {
  readonly name = "clairvoyant";
  readonly #ahead: Ahead;

  constructor(ahead: Ahead) {
    this.#ahead = ahead;
  }

  decide({ node }: NodeOccasion): Resources {
    return this.#ahead(node);
  }

  observe(): void {
    // It knows already.
  }
}

/** The most that a node's proxy wants in the ten minutes that begin. */
export type Ahead = (node: number) => Resources;

/** It needs no headroom. */
const PLANNER: PlannerOptions = {
  ...DEFAULT_PLANNER_OPTIONS,
  headroomRatio: 0,
  headroomMin: { cpuMilli: 0, memoryBytes: 0 },
};

/**
 * Sees ten minutes ahead, and is otherwise bound by what binds us: it is our planner, with its steps, dead band and quiet
 * times, told the truth in place of the model's sum. What it is better at is knowing.
 */
export class OraclePolicy implements SizingPolicy {
  readonly name = "oracle";
  readonly #ahead: Ahead;
  readonly #nodes = new Map<number, PlannedSize>();

  constructor(ahead: Ahead) {
    this.#ahead = ahead;
  }

  decide({ node, timeMs, ceiling }: NodeOccasion): Resources {
    const required = ceilResources(this.#ahead(node));
    const present = this.#nodes.get(node) ?? new PlannedSize(targetSize(required, PLANNER));
    this.#nodes.set(node, present);
    return present.plan({ required, planned: noResources, ceiling, nowMs: timeMs, options: PLANNER });
  }

  observe(): void {
    // It knows already.
  }
}
