// What does not succeed at once in a scenario, field by field, and as the engine takes it. A part that is left out is off.

import { z } from "zod";
import { UsageError } from "#runtime/usage-error.ts";
import { DEFAULT_LINGER_SECONDS, INSTANCE_START_MS_MAX } from "../engine/instance-lives.ts";
import { WATCH_LAG_MS_MAX } from "../engine/lagged-view.ts";
import type { RunConditions } from "../engine/run-conditions.ts";
import type { ScenarioEvent } from "../engine/scenario-event.ts";
import type { TracePod } from "../traces/trace.ts";
import type { PlaceOf } from "./place-of.ts";
import { usage, type UsageGround, usageOf } from "./scenario-usage.ts";

/** A day: nothing that is later than that is late, it is lost. */
const LATE_SECONDS_MAX = 86_400;
const lateSeconds = z.number().min(0).max(LATE_SECONDS_MAX);
const share = z.number().min(0).max(1);

const resizes = z
  .strictObject({
    delaySeconds: z
      .union([lateSeconds, z.strictObject({ from: lateSeconds, to: lateSeconds })], {
        error: `must be seconds from 0 to ${LATE_SECONDS_MAX}, or { from, to }`,
      })
      .default(0)
      .describe("from a request until the proxy has grown: fixed, or drawn evenly from … to"),
    deferredShare: share
      .default(0)
      .describe("of all growth: kubelet puts it off and looks again every three minutes"),
    refusedShare: share
      .default(0)
      .describe("of all growth: asked for again after the recommender's cooldown"),
  })
  .refine(({ deferredShare, refusedShare }) => deferredShare + refusedShare <= 1, {
    error: "deferredShare and refusedShare are shares of the same growth: together at most 1",
  })
  .refine(({ delaySeconds }) => typeof delaySeconds === "number" || delaySeconds.from <= delaySeconds.to, {
    path: ["delaySeconds"],
    error: "from must not be after to",
  });

const instances = z.strictObject({
  startSeconds: z
    .number()
    .min(0)
    .lt(INSTANCE_START_MS_MAX / 1000, {
      error: `must be less than ${INSTANCE_START_MS_MAX / 1000} seconds: a proxy gives up on a worker that does not listen by then`,
    })
    .default(0.1)
    .describe("from the first pod of an app on a node until its instance listens"),
  lingerSeconds: lateSeconds
    .default(DEFAULT_LINGER_SECONDS)
    .describe("how long an instance stays, and costs, after its last pod"),
});

const podStart = z.strictObject({
  sidecarSeconds: lateSeconds.describe("from a pod's placement until it serves, with a sidecar in it"),
  nodeProxySeconds: lateSeconds.describe("the same with a proxy on its node"),
});

const watch = z.strictObject({
  lagMs: z
    .int()
    .min(1)
    .max(WATCH_LAG_MS_MAX, {
      error: `must be at most ${WATCH_LAG_MS_MAX}: the extender's promises last twice as long`,
    })
    .describe("from a binding, a departure or a resize until the schedulers see it, in milliseconds"),
});

export const conditions = {
  usage,
  resizes: resizes
    .optional()
    .describe("proxies do not grow at once; {} for the shortfall of those that do; off if absent"),
  instances: instances
    .optional()
    .describe("instances take a while to start and linger; they come and go at once if absent"),
  watch: watch
    .optional()
    .describe(
      "schedulers see late what has happened, and kubelet turns away what does not fit; at once if absent",
    ),
  podStart: podStart
    .optional()
    .describe("how soon pods start: an input, from which the seconds saved follow; no figure if absent"),
};

type WrittenConditions = z.infer<z.ZodObject<typeof conditions>>;

/**
 * The conditions of a scenario; nothing of what it leaves out.
 *
 * @throws UsageError as usageOf does.
 */
export async function conditionsOf(
  { resizes: late, instances: lives, watch: view, podStart: start, usage: use }: WrittenConditions,
  ground: UsageGround,
): Promise<RunConditions> {
  return {
    ...(use !== undefined && { usage: await usageOf(use, ground) }),
    ...(late !== undefined && { resizes: { ...late, delaySeconds: range(late.delaySeconds) } }),
    ...(lives !== undefined && { instances: lives }),
    ...(view !== undefined && { watchLagMs: view.lagMs }),
    ...(start !== undefined && { podStart: start }),
  };
}

function range(seconds: number | { readonly from: number; readonly to: number }): {
  readonly from: number;
  readonly to: number;
} {
  return typeof seconds === "number" ? { from: seconds, to: seconds } : seconds;
}

export interface ConditionsGround {
  readonly pods: readonly TracePod[];
  readonly events: readonly ScenarioEvent[];
  readonly placeOf: PlaceOf | undefined;
}

/** Parts that are about time, which some traces do not have. */
const TIMED = ["resizes", "instances", "usage"] as const;

/** @throws UsageError, with the field's place in the file, for conditions that could never show. */
export function checkConditions(
  scenario: WrittenConditions,
  { pods, events, placeOf }: ConditionsGround,
): void {
  if (events.length > 0 || hasTime(pods)) return;
  for (const field of TIMED) {
    if (scenario[field] === undefined) continue;
    const place = placeOf === undefined ? "" : `${placeOf([field])}: `;
    throw new UsageError(
      `${place}${field}: all pods are there from the start and for good, so that no time passes and nothing is ever late. Leave it out, add events, or take a trace with times`,
    );
  }
}

function hasTime(pods: readonly TracePod[]): boolean {
  const [first] = pods;
  return pods.some(
    ({ createSeconds, deleteSeconds }) =>
      createSeconds !== first?.createSeconds || deleteSeconds !== undefined,
  );
}
