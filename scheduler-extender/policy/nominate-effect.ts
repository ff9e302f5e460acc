// What the placement controller writes, one pod at a time. Each write is made on condition that the pod is still the
// version it was decided on, so that one that comes late, twice, or from a leader of before changes nothing.

import type { NodeName, PodUid } from "#model/brand.ts";

export type NominateEffect =
  | {
      readonly kind: "nominate";
      readonly pod: PodVersion;
      readonly node: NodeName;
      readonly isRenewal: boolean;
    }
  | {
      readonly kind: "liftGate";
      readonly pod: PodVersion;
      readonly gateIndex: number;
      readonly reason: LiftReason;
    }
  | { readonly kind: "clearNomination"; readonly pod: PodVersion; readonly node: NodeName };

export interface PodVersion {
  readonly uid: PodUid;
  readonly namespace: string;
  readonly name: string;
  readonly resourceVersion: string;
  readonly createdAtMs: number | undefined;
}

/** Why a gate is lifted. Only "placed" pods carry a nomination of Berth's; the others are placed as in score mode. */
export const LIFT_REASONS = {
  placed: "the pod is nominated to a node and its room is promised",
  deadline: "no node took the pod in time",
  unjudged: "the pod asks for something of its node that Berth cannot judge",
  mayPreempt: "no node has room, and the pod's priority may make some",
  nominatedElsewhere: "somebody else nominated the pod to a node",
  queueFull: "too many pods wait already",
} as const;

export type LiftReason = keyof typeof LIFT_REASONS;

/** `changed`: the pod was not that version any more. `failed`: no answer, or one that another try may better. */
export type EffectOutcome = "done" | "changed" | "gone" | "failed";
