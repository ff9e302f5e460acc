// What to do about one node's proxy now.
//   target(n) = what is required soon + headroom
// What is required is grown at once, and never past the node's free room: kubelet kills other pods to make room for a
// critical one. What placement counts for the proxy the extender has kept free whatever it promised, so much may be
// taken at any time. Headroom beyond it has not been kept: to take it while more pods are on their way would take their
// room, and kubelet would refuse them; so that part waits for a calm moment. Too little CPU is slow and too little memory
// is a crash: memory's headroom is renewed while much of it is left, and CPU that was just given back stays given back
// for a while (docs/decisions/0032-memory-and-cpu-are-sized-apart.md). Shrinking waits until the surplus has lasted, so
// that apps which come and go do not make the proxy breathe. What does not wait is what the next proxy of the node lacks
// in an upgrade: the present one lends it of its own, and the next one takes it all over when this one has gone
// (docs/decisions/0013-handover.md).

import {
  equalResources,
  isWithin,
  maxResources,
  minResources,
  type Resources,
  subtractResources,
} from "#model/resources.ts";
import { coolingUntilMs, type ResizeState } from "./resize-state.ts";

export interface NodeSituation {
  readonly required: Resources;
  /** What will be required soon, at least as much; a proxy that has to be resized anyway is resized to that. */
  readonly ahead?: Resources | undefined;
  /** What placement counts for the proxy, and has kept free on the node; what is required, where that is all. */
  readonly reserved?: Resources | undefined;
  /** What the proxy has, or is about to have: its spec, or what it was granted where kubelet calls that infeasible. */
  readonly current: Resources;
  /** The spec that kubelet calls infeasible. */
  readonly infeasible?: Resources | undefined;
  /** The largest proxy the node has room for beside everything else on it. */
  readonly ceiling: Resources;
  /** What the next proxy asks for that waits for room on this node, or has just been bound to it. */
  readonly awaited?: Resources | undefined;
}

export interface PlannerOptions {
  /** Headroom as a share of what is required, and at least this much. */
  readonly headroomRatio: number;
  readonly headroomMin: Resources;
  /** How long a node's apps stay the same before the proxy takes headroom. */
  readonly headroomDelayMs: number;
  /** How long a surplus lasts before the proxy shrinks. */
  readonly shrinkDelayMs: number;
  /** A surplus below these shares of the present size is left alone. */
  readonly shrinkRatioMin: Readonly<Record<keyof Resources, number>>;
  /** No proxy is made smaller than this, nor larger than that. */
  readonly min?: Resources;
  readonly max?: Resources;
}

export const DEFAULT_PLANNER_OPTIONS: PlannerOptions = {
  headroomRatio: 0.06,
  headroomMin: { cpuMilli: 30, memoryBytes: 48 * 1024 ** 2 },
  // Far longer than from a filter's answer to the binding in our watch.
  headroomDelayMs: 10_000,
  shrinkDelayMs: 900_000,
  shrinkRatioMin: { cpuMilli: 0.16, memoryBytes: 0.2 },
};

/** Sizes move in steps, so that small differences do not cause resizes. */
const STEP: Resources = { cpuMilli: 10, memoryBytes: 8 * 1024 ** 2 };
/** Headroom is taken anew when less than these parts of it are left. */
const HEADROOM_LOW = { cpuMilli: 0.2, memoryBytes: 0.5 } as const;
/** As long the same pods leave CPU alone that was given back, */
const SETTLE_MS = 600_000;
/** but for a step: then the proxy is short of this share of what it has. */
const STEP_SHARE = 0.25;

export type ResizePlan =
  | { readonly kind: "hold"; readonly reason: HoldReason; readonly lookAgainAtMs: number | undefined }
  | {
      readonly kind: "resize";
      readonly size: Resources;
      readonly reason: ResizeReason;
    };

export type ResizeReason = "appsJoined" | "loadRose" | "headroomUsed" | "surplusLasted" | "lentToNext";

export type HoldReason =
  | "rightSize"
  | "podsMayFollow"
  | "surplusIsYoung"
  | "givenBack"
  | "underway"
  | "cooling"
  | "noRoom";

/** The size the node's proxy should have, headroom included. */
export function targetSize(required: Resources, options: PlannerOptions): Resources {
  // One number after the other and no sizes on the way: this is asked on every change of every node.
  return withinBounds(
    {
      cpuMilli: withHeadroom("cpuMilli", required, options),
      memoryBytes: withHeadroom("memoryBytes", required, options),
    },
    options,
  );
}

function withHeadroom(resource: keyof Resources, required: Resources, options: PlannerOptions): number {
  const size = required[resource] + headroomOf(resource, required, options);
  return Math.ceil(size / STEP[resource]) * STEP[resource];
}

function headroomOf(resource: keyof Resources, required: Resources, options: PlannerOptions): number {
  return Math.max(required[resource] * options.headroomRatio, options.headroomMin[resource]);
}

function withinBounds(size: Resources, { min = size, max = size }: PlannerOptions): Resources {
  if (min === size && max === size) return size;
  return minResources(maxResources(size, min), max);
}

/** The size to give the proxy once it is resized. */
export function targetOf({ required, ahead = required }: NodeSituation, options: PlannerOptions): Resources {
  return targetSize(ahead, options);
}

export function planResize(
  present: NodeSituation,
  state: ResizeState,
  { nowMs, options }: { readonly nowMs: number; readonly options: PlannerOptions },
): ResizePlan {
  if (state.kind === "underway") return { kind: "hold", reason: "underway", lookAgainAtMs: undefined };
  const situation = besideNext(present);
  if (!isWithin(present.current, situation.ceiling) && situation !== present)
    return { kind: "resize", size: minResources(present.current, situation.ceiling), reason: "lentToNext" };
  return planAlone(situation, state, { nowMs, options });
}

function planAlone(
  situation: NodeSituation,
  state: ResizeState,
  { nowMs, options }: { readonly nowMs: number; readonly options: PlannerOptions },
): ResizePlan {
  const { current } = situation;
  const required = withinBounds(situation.required, options);
  const target = targetOf(situation, options);
  // No more than the target of what was kept, and never less than is required.
  const kept = maxResources(required, minResources(target, situation.reserved ?? required));
  const sinceMs = state.calm?.sinceMs ?? nowMs;
  const calmAtMs = sinceMs + options.headroomDelayMs;
  const isCalm = nowMs >= calmAtMs;
  if (!isWithin(required, current)) {
    // The same apps need more: nobody is on the way whose room the headroom could take.
    return isCalm && nowMs > sinceMs
      ? planGrowth(situation, state, { to: target, reason: "loadRose", nowMs })
      : planGrowth(situation, state, { to: kept, reason: "appsJoined", nowMs });
  }
  if (isHeadroomLow(situation, options) && !isWithin(target, current)) {
    if (isCalm) return planGrowth(situation, state, { to: target, reason: "headroomUsed", nowMs });
    if (isWithin(kept, current)) return { kind: "hold", reason: "podsMayFollow", lookAgainAtMs: calmAtMs };
    return planGrowth(situation, state, { to: kept, reason: "appsJoined", nowMs });
  }
  if (!hasSurplus(current, target, options))
    return { kind: "hold", reason: "rightSize", lookAgainAtMs: undefined };
  const ripeAtMs = (state.surplusSinceMs ?? nowMs) + options.shrinkDelayMs;
  if (nowMs < ripeAtMs) return { kind: "hold", reason: "surplusIsYoung", lookAgainAtMs: ripeAtMs };
  return { kind: "resize", size: minResources(current, target), reason: "surplusLasted" };
}

// A proxy lends at most as much as it keeps: one that asks for more waits for room, as any pod does.
function besideNext(situation: NodeSituation): NodeSituation {
  const { current, ceiling, awaited } = situation;
  if (awaited === undefined) return situation;
  const left = subtractResources(ceiling, awaited);
  return isWithin(awaited, minResources(current, left)) ? { ...situation, ceiling: left } : situation;
}

interface Growth {
  readonly to: Resources;
  readonly reason: "appsJoined" | "loadRose" | "headroomUsed";
  readonly nowMs: number;
}

function planGrowth(situation: NodeSituation, state: ResizeState, { to, reason, nowMs }: Growth): ResizePlan {
  const { current, ceiling } = situation;
  const all = maxResources(current, minResources(to, ceiling));
  const settledAtMs = settledMs(situation, state, nowMs);
  const wanted = settledAtMs === undefined ? all : { ...all, cpuMilli: current.cpuMilli };
  if (!equalResources(all, current) && equalResources(wanted, current))
    return { kind: "hold", reason: "givenBack", lookAgainAtMs: settledAtMs };
  const untilMs = coolingUntilMs(state, wanted, nowMs);
  if (untilMs !== undefined) return { kind: "hold", reason: "cooling", lookAgainAtMs: untilMs };
  const size = newToKubelet(wanted, situation);
  if (equalResources(size, current)) return { kind: "hold", reason: "noRoom", lookAgainAtMs: undefined };
  return { kind: "resize", size, reason };
}

/** Until when CPU that was given back is left alone; undefined where it is not, be it for other pods or for a step. */
function settledMs(
  { required, current }: NodeSituation,
  { shrunkAtMs, calm }: ResizeState,
  nowMs: number,
): number | undefined {
  if (shrunkAtMs === undefined || nowMs - shrunkAtMs > SETTLE_MS) return undefined;
  if (calm === undefined || calm.sinceMs > shrunkAtMs) return undefined;
  if (required.cpuMilli > (1 + STEP_SHARE) * current.cpuMilli) return undefined;
  return shrunkAtMs + SETTLE_MS + 1;
}

// Kubelet looks at a size that it called infeasible again only once the spec changes: ask for a step less.
function newToKubelet(size: Resources, { current, infeasible }: NodeSituation): Resources {
  if (infeasible === undefined || !equalResources(size, infeasible)) return size;
  return maxResources(current, subtractResources(size, STEP));
}

/** True while the proxy is larger than its apps call for by enough to be worth shrinking. */
export function hasSurplus(
  current: Resources,
  target: Resources,
  { shrinkRatioMin }: PlannerOptions,
): boolean {
  return (
    current.cpuMilli - target.cpuMilli >
      Math.max(STEP.cpuMilli, shrinkRatioMin.cpuMilli * current.cpuMilli) ||
    current.memoryBytes - target.memoryBytes >
      Math.max(STEP.memoryBytes, shrinkRatioMin.memoryBytes * current.memoryBytes)
  );
}

function isHeadroomLow({ required, current }: NodeSituation, options: PlannerOptions): boolean {
  const cpuMilliLow = Math.ceil(headroomOf("cpuMilli", required, options) * HEADROOM_LOW.cpuMilli);
  const memoryBytesLow = Math.ceil(headroomOf("memoryBytes", required, options) * HEADROOM_LOW.memoryBytes);
  return (
    required.cpuMilli + cpuMilliLow > current.cpuMilli ||
    required.memoryBytes + memoryBytesLow > current.memoryBytes
  );
}
