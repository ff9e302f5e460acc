// A load that no model knows of: a node's proxy steadily uses half a core, then a whole one, then half again. How long until the
// size covers it, and how long until it is given back.

import type { Resources } from "#model/resources.ts";
import { SeededRandom } from "#sim/seeded-random.ts";
import { BerthPolicy } from "#sim/sizing/berth-policy.ts";
import type { SizingPolicy } from "#sim/sizing/sizing-policy.ts";
import { VpaPolicy } from "./vpa-policies.ts";

export interface StepFigures {
  readonly upSeconds: number;
  readonly downSeconds: number;
  /** With CPU limited to the size. */
  readonly throttledUpSeconds: number;
  readonly throttledDownSeconds: number;
  readonly vpaUpSeconds: number;
  readonly vpaDownSeconds: number;
}

const MINUTE_MS = 60_000;
const DAY_MINUTES = 1440;
const START_MS = Date.UTC(2026, 0, 5);
const STEADY_DAYS = 14;
const LOW_MILLI = 500;
const HIGH_MILLI = 1000;
const MEMORY_BYTES = 300 * 1024 ** 2;
const NOISE = 0.02;
/** As good as before: what a histogram's bucket is wide and a planner's step is high. */
const GIVEN_BACK_RATIO = 1.1;
const CEILING: Resources = { cpuMilli: 8_000, memoryBytes: 16 * 1024 ** 3 };
const TEMPLATE: Resources = { cpuMilli: 700, memoryBytes: 512 * 1024 ** 2 };
const APP = "shop/steady";
const ZERO: Resources = { cpuMilli: 0, memoryBytes: 0 };

export function playStep(isQuick: boolean): StepFigures {
  const days = isQuick ? 2 : STEADY_DAYS;
  // The model's part is right before the step, so that the step is all that is wrong.
  const base = { cpuMilli: LOW_MILLI - 10, memoryBytes: MEMORY_BYTES - 10 * 1024 ** 2 };
  const cost = {
    base,
    perPod: ZERO,
    perConnection: ZERO,
    perKiloRps: ZERO,
    connectionsPerPod: 0,
    kiloRpsPerPod: 0,
  };
  const proxyBase = { cpuMilli: 10, memoryBytes: 10 * 1024 ** 2 };
  const ours = (): SizingPolicy =>
    new BerthPolicy({ proxyBase, allocatable: CEILING, profiles: new Map([[APP, cost]]) });
  const free = secondsOf(ours(), days, "free");
  const throttled = secondsOf(ours(), days, "throttled");
  const vpa = secondsOf(VpaPolicy.perNode(1, TEMPLATE), STEADY_DAYS, "free");
  return {
    upSeconds: free.up,
    downSeconds: free.down,
    throttledUpSeconds: throttled.up,
    throttledDownSeconds: throttled.down,
    vpaUpSeconds: vpa.up,
    vpaDownSeconds: vpa.down,
  };
}

// Free: all that is wanted is used and seen, as where CPU has no limit (our manifests set none) and the node has room.
// Throttled: no more than the size is.
type Limits = "throttled" | "free";

function secondsOf(
  policy: SizingPolicy,
  days: number,
  limits: Limits,
): { readonly up: number; readonly down: number } {
  const random = new SeededRandom(1);
  const pods = new Map([[APP, 1]]);
  let minute = 0;
  const play = (wantedMilli: number): Resources => {
    const timeMs = START_MS + minute * MINUTE_MS;
    const size = policy.decide({ node: 0, timeMs, pods, ceiling: CEILING });
    const wanted = wantedMilli * (1 + NOISE * random.normal());
    const cpuMilli = Math.round(limits === "free" ? wanted : Math.min(wanted, size.cpuMilli));
    const used = { cpuMilli, memoryBytes: MEMORY_BYTES };
    const share = cpuMilli / wanted;
    const instance = { app: APP, pods: 1, perSecond: 0, connections: 1, cpuMilli, memoryBytes: MEMORY_BYTES };
    policy.observe({
      node: 0,
      timeMs: timeMs + MINUTE_MS,
      pods,
      used,
      throttledShare: 1 - Math.min(1, share),
      wasOomKilled: false,
      instances: [instance],
    });
    minute++;
    return size;
  };
  const steady = (milli: number): Resources => {
    let size = ZERO;
    for (let played = 0; played < days * DAY_MINUTES; played++) size = play(milli);
    return size;
  };
  const until = (milli: number, isThere: (size: Resources) => boolean): number => {
    for (let minutes = 0; minutes < MINUTES_MAX; minutes++) if (isThere(play(milli))) return minutes * 60;
    return Number.POSITIVE_INFINITY;
  };
  const before = steady(LOW_MILLI);
  const up = until(HIGH_MILLI, ({ cpuMilli }) => cpuMilli >= HIGH_MILLI);
  steady(HIGH_MILLI);
  const down = until(LOW_MILLI, ({ cpuMilli }) => cpuMilli <= before.cpuMilli * GIVEN_BACK_RATIO);
  return { up, down };
}

/** Longer than any of them takes. */
const MINUTES_MAX = 30 * DAY_MINUTES;
