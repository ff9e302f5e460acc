// One proxy's size under the production planner and its state machine; every resize is accepted at once, since there is room.

import type { Resources } from "#model/resources.ts";
import {
  hasSurplus,
  type NodeSituation,
  type PlannerOptions,
  planResize,
  targetOf,
} from "#vpa-recommender/policy/resize-planner.ts";
import { nextResizeState, type ResizeState, SETTLED } from "#vpa-recommender/policy/resize-state.ts";

export interface PlannedSizeInput extends Pick<NodeSituation, "required" | "ahead" | "reserved" | "ceiling"> {
  /** What the pods on the node call for by the model alone: as long as it stays the same, no pods are on their way. */
  readonly planned: Resources;
  readonly nowMs: number;
  readonly options: PlannerOptions;
}

export class PlannedSize {
  #present: Resources;
  #state: ResizeState = SETTLED;

  constructor(first: Resources) {
    this.#present = first;
  }

  get present(): Resources {
    return this.#present;
  }

  plan({ planned, nowMs, options, ...needs }: PlannedSizeInput): Resources {
    const situation = { ...needs, current: this.#present };
    this.#state = nextResizeState(this.#state, { kind: "required", required: planned, nowMs });
    const surplus = hasSurplus(this.#present, targetOf(situation, options), options);
    this.#state = nextResizeState(this.#state, surplus ? { kind: "surplus", nowMs } : { kind: "noSurplus" });
    const plan = planResize(situation, this.#state, { nowMs, options });
    if (plan.kind === "resize") {
      this.#present = plan.size;
      const shrunkAtMs = plan.reason === "surplusLasted" ? nowMs : undefined;
      this.#state = nextResizeState(this.#state, { kind: "sent", size: plan.size, shrunkAtMs });
      this.#state = nextResizeState(this.#state, { kind: "accepted" });
    }
    return this.#present;
  }
}
