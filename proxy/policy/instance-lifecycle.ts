// The life of one app's instance on a node. State and event in, next state and effects out; the shell starts and ends
// workers as told. Three rules: never two workers at once, but for one that is replaced by the next without a gap, both
// listening on the same ports meanwhile; an instance that is wanted comes back, after a growing pause if it keeps dying;
// one that is not wanted lingers, drains and goes.

import { assertNever } from "#model/assert.ts";
import type { AppPorts } from "#model/mesh-profile.ts";

import { backoffMs } from "./restart-backoff.ts";
import type { Backoff } from "./restart-backoff.ts";

export type ExitReason =
  | "out-of-memory"
  | "uncaught-error"
  | "aborted"
  | "exited"
  | "stalled"
  | "start-timeout"
  | "bind-failed"
  | "drained"
  | "drain-timeout";

export type InstancePhase =
  /** No worker: there are no ports yet. */
  | { readonly kind: "waiting" }
  | { readonly kind: "starting"; readonly untilMs: number }
  | { readonly kind: "serving"; readonly sinceMs: number }
  /** Serving, but its last pod has gone. */
  | { readonly kind: "lingering"; readonly sinceMs: number; readonly untilMs: number }
  /** No worker: the last one died. */
  | { readonly kind: "backing-off"; readonly untilMs: number }
  | { readonly kind: "draining"; readonly untilMs: number }
  /** The worker was told to end at once and has not ended yet. */
  | { readonly kind: "stopping"; readonly reason: ExitReason; readonly sinceMs: number | undefined }
  | { readonly kind: "gone" };

export interface InstanceState {
  readonly phase: InstancePhase;
  /** The app has a pod on this node. */
  readonly isWanted: boolean;
  /** The whole proxy is on its way out: nothing starts any more. */
  readonly isShuttingDown: boolean;
  readonly ports: AppPorts | undefined;
  /** Deaths in a row. */
  readonly failures: number;
  /** A second worker is starting, to take over; until then at most. */
  readonly successorUntilMs: number | undefined;
}

export type InstanceEvent =
  | { readonly kind: "wanted" }
  | { readonly kind: "unwanted" }
  | { readonly kind: "ports"; readonly ports: AppPorts | undefined }
  | { readonly kind: "listening" }
  /** The worker has ended, by itself or as told. */
  | { readonly kind: "exited"; readonly reason: ExitReason }
  /** The worker should be replaced, while it serves. */
  | { readonly kind: "recycle" }
  | { readonly kind: "successor-listening" }
  | { readonly kind: "successor-exited" }
  /** The watchdog saw no progress. */
  | { readonly kind: "stalled" }
  | { readonly kind: "shutdown" }
  /** The time in `wakeAtMs` has come. Too early, it changes nothing. */
  | { readonly kind: "tick" };

export type InstanceEffect =
  | { readonly kind: "start-worker"; readonly ports: AppPorts }
  | { readonly kind: "drain-worker" }
  | { readonly kind: "terminate-worker" }
  | { readonly kind: "start-successor"; readonly ports: AppPorts }
  /** The successor is the worker from now on; the one before drains, on its own account. */
  | { readonly kind: "switch-to-successor" }
  /** The worker has gone; the successor, still starting, is the worker from now on. */
  | { readonly kind: "promote-successor" }
  | { readonly kind: "terminate-successor" }
  | { readonly kind: "remove" };

export interface LifecycleTimes {
  readonly startTimeoutMs: number;
  readonly lingerMs: number;
  readonly drainTimeoutMs: number;
  /** Serving this long clears the count of deaths. */
  readonly stableMs: number;
  readonly backoff: Backoff;
}

export interface InstanceStep {
  readonly state: InstanceState;
  readonly effects: readonly InstanceEffect[];
}

/** A worker takes about 0.1 s to listen; ten seconds allow for a node that starts a hundred at once. */
export const DEFAULT_LIFECYCLE_TIMES: LifecycleTimes = {
  startTimeoutMs: 10_000,
  lingerMs: 30_000,
  drainTimeoutMs: 30_000,
  stableMs: 60_000,
  backoff: { firstMs: 50, maxMs: 30_000 },
};

/** An instance comes into being because a pod wants it. */
export function newInstance(): InstanceState {
  return {
    phase: { kind: "waiting" },
    isWanted: true,
    isShuttingDown: false,
    ports: undefined,
    failures: 0,
    successorUntilMs: undefined,
  };
}

export interface StepContext {
  readonly nowMs: number;
  readonly times: LifecycleTimes;
}

export function stepInstance(state: InstanceState, event: InstanceEvent, context: StepContext): InstanceStep {
  if (state.phase.kind === "gone") return { state, effects: [] };
  return settleSuccessor(stepWorker(state, event, context));
}

function stepWorker(state: InstanceState, event: InstanceEvent, context: StepContext): InstanceStep {
  switch (event.kind) {
    case "wanted":
      return settle({ ...state, isWanted: true }, context);
    case "unwanted":
      return settle({ ...state, isWanted: false }, context);
    case "ports":
      return changePorts(state, event.ports, context);
    case "listening":
      return listening(state, context);
    case "exited":
      return exited(state, event.reason, context);
    case "recycle":
      return recycle(state, context);
    case "successor-listening":
      return switchToSuccessor(state, context);
    case "successor-exited":
      return { state: { ...state, successorUntilMs: undefined }, effects: [] };
    case "stalled":
      return hasReadyWorker(state.phase) ? stop(state, "stalled") : { state, effects: [] };
    case "shutdown":
      return settle({ ...state, isShuttingDown: true }, context);
    case "tick":
      return tick(state, context);
    default:
      return assertNever(event);
  }
}

/** A successor is for a worker that serves. One that dies leaves its place to it; one that goes takes it along. */
function settleSuccessor({ state, effects }: InstanceStep): InstanceStep {
  const { phase, successorUntilMs } = state;
  if (successorUntilMs === undefined || isServing(state)) return { state, effects };
  if (phase.kind === "backing-off") {
    const promoted = { ...state, phase: { kind: "starting", untilMs: successorUntilMs } as const };
    return {
      state: { ...promoted, successorUntilMs: undefined },
      effects: [...effects, { kind: "promote-successor" }],
    };
  }
  // A worker that is stopped for its own fault may still leave its place; the successor goes on starting.
  if (phase.kind === "stopping" && phase.reason === "stalled") return { state, effects };
  return {
    state: { ...state, successorUntilMs: undefined },
    effects: [{ kind: "terminate-successor" }, ...effects],
  };
}

/** When the next `tick` is due, or undefined if nothing is waited for. */
export function wakeAtMs({ phase, successorUntilMs }: InstanceState): number | undefined {
  if (!("untilMs" in phase)) return successorUntilMs;
  return Math.min(phase.untilMs, successorUntilMs ?? phase.untilMs);
}

export function isServing(state: InstanceState): boolean {
  return state.phase.kind === "serving" || state.phase.kind === "lingering";
}

/** Brings the phase in line with what is wanted, where that needs no news from the worker. */
function settle(state: InstanceState, context: StepContext): InstanceStep {
  const { phase } = state;
  const { nowMs, times } = context;
  const isNeeded = state.isWanted && !state.isShuttingDown;
  switch (phase.kind) {
    case "waiting":
      if (!isNeeded) return remove(state);
      return state.ports === undefined ? { state, effects: [] } : start(state, state.ports, context);
    case "backing-off":
      return isNeeded ? { state, effects: [] } : remove(state);
    case "serving":
      if (isNeeded) return { state, effects: [] };
      if (state.isShuttingDown || times.lingerMs <= 0) return drain(state, context);
      return {
        state: {
          ...state,
          phase: { kind: "lingering", sinceMs: phase.sinceMs, untilMs: nowMs + times.lingerMs },
        },
        effects: [],
      };
    case "lingering":
      if (state.isShuttingDown) return drain(state, context);
      if (!state.isWanted) return { state, effects: [] };
      return { state: { ...state, phase: { kind: "serving", sinceMs: phase.sinceMs } }, effects: [] };
    case "starting":
      // A worker that does not listen yet has nothing to drain, but a shutdown should not wait for it to come up.
      return state.isShuttingDown ? stop(state, "drained") : { state, effects: [] };
    case "draining":
    case "stopping":
    case "gone":
      return { state, effects: [] };
    default:
      return assertNever(phase);
  }
}

function changePorts(state: InstanceState, ports: AppPorts | undefined, context: StepContext): InstanceStep {
  // Ports that are taken away from a running instance are kept until it ends: a profile deleted by mistake must not
  // stop traffic.
  if (ports === undefined && hasWorker(state.phase)) return { state, effects: [] };
  if (ports?.inbound === state.ports?.inbound && ports?.outbound === state.ports?.outbound) {
    return { state, effects: [] };
  }
  const next = { ...state, ports };
  switch (state.phase.kind) {
    case "waiting":
      return settle(next, context);
    case "backing-off":
      // Other ports may be what it was waiting for.
      if (ports === undefined) return { state: { ...next, phase: { kind: "waiting" } }, effects: [] };
      return start(next, ports, context);
    case "serving":
    case "lingering":
      return drain(next, context);
    case "starting":
      return stop(next, "drained");
    case "draining":
    case "stopping":
    case "gone":
      return { state: next, effects: [] };
    default:
      return assertNever(state.phase);
  }
}

function listening(state: InstanceState, context: StepContext): InstanceStep {
  if (state.phase.kind !== "starting") return { state, effects: [] };
  return settle({ ...state, phase: { kind: "serving", sinceMs: context.nowMs } }, context);
}

function recycle(state: InstanceState, { nowMs, times }: StepContext): InstanceStep {
  const { ports, successorUntilMs, isWanted, isShuttingDown } = state;
  const isFit = isServing(state) && isWanted && !isShuttingDown && successorUntilMs === undefined;
  if (!isFit || ports === undefined) return { state, effects: [] };
  return {
    state: { ...state, successorUntilMs: nowMs + times.startTimeoutMs },
    effects: [{ kind: "start-successor", ports }],
  };
}

function switchToSuccessor(state: InstanceState, context: StepContext): InstanceStep {
  if (state.successorUntilMs === undefined || !isServing(state)) return { state, effects: [] };
  const serving = { ...state, phase: { kind: "serving", sinceMs: context.nowMs } as const };
  const step = settle({ ...serving, successorUntilMs: undefined }, context);
  return { state: step.state, effects: [{ kind: "switch-to-successor" }, ...step.effects] };
}

function exited(state: InstanceState, reason: ExitReason, context: StepContext): InstanceStep {
  const { phase } = state;
  if (!hasWorker(phase)) return { state, effects: [] };
  const isPlanned =
    phase.kind === "draining" ||
    (phase.kind === "stopping" && (phase.reason === "drained" || phase.reason === "drain-timeout"));
  if (!state.isWanted || state.isShuttingDown) return remove(state);
  const resting = { ...state, phase: { kind: "waiting" } as const };
  if (isPlanned || reason === "drained") return settle({ ...resting, failures: 0 }, context);
  return backOff(resting, servedMs(phase, context.nowMs), context);
}

function backOff(state: InstanceState, servedMs: number, { nowMs, times }: StepContext): InstanceStep {
  const failures = servedMs >= times.stableMs ? 1 : state.failures + 1;
  const untilMs = nowMs + backoffMs(times.backoff, failures);
  return { state: { ...state, failures, phase: { kind: "backing-off", untilMs } }, effects: [] };
}

function tick(state: InstanceState, context: StepContext): InstanceStep {
  const { successorUntilMs } = state;
  if (successorUntilMs !== undefined && context.nowMs >= successorUntilMs) {
    const alone = tick({ ...state, successorUntilMs: undefined }, context);
    return { state: alone.state, effects: [{ kind: "terminate-successor" }, ...alone.effects] };
  }
  const dueMs = wakeAtMs(state);
  if (dueMs === undefined || context.nowMs < dueMs) return { state, effects: [] };
  switch (state.phase.kind) {
    case "starting":
      return stop(state, "start-timeout");
    case "lingering":
      return drain(state, context);
    case "backing-off":
      return settle({ ...state, phase: { kind: "waiting" } }, context);
    case "draining":
      return stop(state, "drain-timeout");
    default:
      return { state, effects: [] };
  }
}

function start(state: InstanceState, ports: AppPorts, { nowMs, times }: StepContext): InstanceStep {
  return {
    state: { ...state, phase: { kind: "starting", untilMs: nowMs + times.startTimeoutMs } },
    effects: [{ kind: "start-worker", ports }],
  };
}

function drain(state: InstanceState, { nowMs, times }: StepContext): InstanceStep {
  return {
    state: { ...state, phase: { kind: "draining", untilMs: nowMs + times.drainTimeoutMs } },
    effects: [{ kind: "drain-worker" }],
  };
}

function stop(state: InstanceState, reason: ExitReason): InstanceStep {
  const sinceMs = "sinceMs" in state.phase ? state.phase.sinceMs : undefined;
  return {
    state: { ...state, phase: { kind: "stopping", reason, sinceMs } },
    effects: [{ kind: "terminate-worker" }],
  };
}

function remove(state: InstanceState): InstanceStep {
  return { state: { ...state, phase: { kind: "gone" } }, effects: [{ kind: "remove" }] };
}

function hasReadyWorker(phase: InstancePhase): boolean {
  return phase.kind === "serving" || phase.kind === "lingering" || phase.kind === "draining";
}

function hasWorker(phase: InstancePhase): boolean {
  return hasReadyWorker(phase) || phase.kind === "starting" || phase.kind === "stopping";
}

function servedMs(phase: InstancePhase, nowMs: number): number {
  if (!("sinceMs" in phase) || phase.sinceMs === undefined) return 0;
  return nowMs - phase.sinceMs;
}
