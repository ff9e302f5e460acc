// One proxy's size under the production planner and its state machine; every resize is accepted at once, since there is room.

import type { Resources } from "#model/resources.ts";
import {
  hasSurplus,
  type PlannerOptions,
  planResize,
  targetSize,
} from "#vpa-recommender/policy/resize-planner.ts";
import { nextResizeState, type ResizeState, SETTLED } from "#vpa-recommender/policy/resize-state.ts";

export interface PlannedSizeInput {
  readonly required: Resources;
  readonly ceiling: Resources;
  readonly nowMs: number;
  readonly options: PlannerOptions;
}

export class PlannedSize {
  #size: Resources;
  #state: ResizeState = SETTLED;

  constructor(first: Resources) {
    this.#size = first;
  }

  get present(): Resources {
    return this.#size;
  }

  plan({ required, ceiling, nowMs, options }: PlannedSizeInput): Resources {
    this.#state = nextResizeState(this.#state, { kind: "required", required, nowMs });
    const surplus = hasSurplus(this.#size, targetSize(required, options), options);
    this.#state = nextResizeState(this.#state, surplus ? { kind: "surplus", nowMs } : { kind: "noSurplus" });
    const plan = planResize({ required, current: this.#size, ceiling }, this.#state, { nowMs, options });
    if (plan.kind === "resize") {
      this.#size = plan.size;
      this.#state = nextResizeState(this.#state, { kind: "sent", size: plan.size });
      this.#state = nextResizeState(this.#state, { kind: "accepted" });
    }
    return this.#size;
  }
}
