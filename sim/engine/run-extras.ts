// The parts of a run that only some scenarios have: made where their conditions are given, and told what came of them.

import type { Clock } from "#runtime/clock.ts";
import { LateResizes, type ResizingResult } from "./late-resizes.ts";
import { type PodStartResult, podStartSaved } from "./pod-start.ts";
import type { MeshModel } from "./replay-pod.ts";
import type { RunConditions } from "./run-conditions.ts";

export interface ExtrasContext {
  readonly mesh: MeshModel;
  readonly clock: Clock;
  readonly seed: number;
}

export interface ExtraResults {
  readonly resizing?: ResizingResult;
  readonly podStart?: PodStartResult;
}

export class RunExtras {
  readonly #conditions: RunConditions;
  /** What is late about resizes; undefined if nothing is. */
  readonly late: LateResizes | undefined;

  constructor(conditions: RunConditions, { mesh, clock, seed }: ExtrasContext) {
    // A sidecar is as large as it is, and starts with its pod.
    this.#conditions = mesh.kind === "nodeProxy" ? conditions : {};
    const { resizes } = this.#conditions;
    this.late = resizes && new LateResizes({ conditions: resizes, seed, clock });
  }

  results(podsPlaced: number): ExtraResults {
    const { podStart } = this.#conditions;
    return {
      ...(this.late !== undefined && { resizing: this.late.result() }),
      ...(podStart !== undefined && { podStart: podStartSaved(podStart, podsPlaced) }),
    };
  }
}
