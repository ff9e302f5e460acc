// One of an instance's bodies from its start to its end, and what the host knows of it.

import type { Isolation } from "#model/mesh-profile.ts";
import type { Cancel } from "#runtime/clock.ts";

import type { HeapLimits } from "../policy/heap-limits.ts";
import type { ExitReason, InstanceState } from "../policy/instance-lifecycle.ts";
import type { FollowedServices } from "./followed-services.ts";
import type { BodyEnd, InstanceBody } from "./instance-body.ts";

export interface LastExit {
  readonly reason: ExitReason;
  readonly message: string | undefined;
  readonly atMs: number;
}

export interface Life {
  readonly body: InstanceBody;
  /** What cannot be changed while it lives. */
  readonly heap: HeapLimits;
  readonly isolation: Isolation;
  readonly services: FollowedServices;
  isListening: boolean;
  bindFailure: string | undefined;
  cancelDeadline: Cancel | undefined;
}

/** Why it ended, given what it was told. */
export function exitReason(
  { phase }: InstanceState,
  { code, reason }: BodyEnd,
  bindFailure: string | undefined,
): ExitReason {
  if (phase.kind === "stopping") return phase.reason;
  if (bindFailure !== undefined) return "bind-failed";
  return reason ?? (phase.kind === "draining" && code === 0 ? "drained" : "exited");
}
