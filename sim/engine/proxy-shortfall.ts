// The time in which proxies had less than they needed, CPU and memory apart: the time between a placement and the
// proxy's growth, and all of it where a placement left no room for the growth.

import type { NodeName } from "#model/brand.ts";
import type { Resources } from "#model/resources.ts";
import type { Clock } from "#runtime/clock.ts";

export interface ShortfallResult {
  /** Σ over nodes of the seconds in which the proxy had less CPU than it needed; likewise memory. */
  readonly cpuNodeSeconds: number;
  readonly memoryNodeSeconds: number;
  /** The node that was short for longest; undefined if none was. */
  readonly cpuWorstNode: string | undefined;
  readonly cpuWorstNodeSeconds: number;
  readonly memoryWorstNode: string | undefined;
  readonly memoryWorstNodeSeconds: number;
}

interface Tally {
  cpuSinceMs: number | undefined;
  memorySinceMs: number | undefined;
  cpuMs: number;
  memoryMs: number;
}

export class ProxyShortfall {
  readonly #clock: Clock;
  // By name, so that a node that was lost and came back is one.
  readonly #tallies = new Map<NodeName, Tally>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** What the node's proxy needs, and what it has, from now on. */
  note(name: NodeName, need: Resources, has: Resources): void {
    const lacksCpu = need.cpuMilli > has.cpuMilli;
    const lacksMemory = need.memoryBytes > has.memoryBytes;
    let tally = this.#tallies.get(name);
    if (tally === undefined) {
      if (!lacksCpu && !lacksMemory) return;
      tally = { cpuSinceMs: undefined, memorySinceMs: undefined, cpuMs: 0, memoryMs: 0 };
      this.#tallies.set(name, tally);
    }
    const nowMs = this.#clock.nowMs();
    settle(tally, nowMs);
    tally.cpuSinceMs = lacksCpu ? nowMs : undefined;
    tally.memorySinceMs = lacksMemory ? nowMs : undefined;
  }

  nodeRemoved(name: NodeName): void {
    const tally = this.#tallies.get(name);
    if (tally === undefined) return;
    settle(tally, this.#clock.nowMs());
    tally.cpuSinceMs = undefined;
    tally.memorySinceMs = undefined;
  }

  /** Up to now. */
  result(): ShortfallResult {
    const nowMs = this.#clock.nowMs();
    const sum = { cpuMs: 0, memoryMs: 0 };
    const worst: Record<"cpuMs" | "memoryMs", { readonly name: NodeName; readonly ms: number } | undefined> =
      {
        cpuMs: undefined,
        memoryMs: undefined,
      };
    for (const [name, tally] of this.#tallies) {
      settle(tally, nowMs);
      for (const key of ["cpuMs", "memoryMs"] as const) {
        sum[key] += tally[key];
        if (tally[key] > (worst[key]?.ms ?? 0)) worst[key] = { name, ms: tally[key] };
      }
    }
    return {
      cpuNodeSeconds: sum.cpuMs / 1000,
      memoryNodeSeconds: sum.memoryMs / 1000,
      cpuWorstNode: worst.cpuMs?.name,
      cpuWorstNodeSeconds: (worst.cpuMs?.ms ?? 0) / 1000,
      memoryWorstNode: worst.memoryMs?.name,
      memoryWorstNodeSeconds: (worst.memoryMs?.ms ?? 0) / 1000,
    };
  }
}

function settle(tally: Tally, nowMs: number): void {
  if (tally.cpuSinceMs !== undefined) {
    tally.cpuMs += nowMs - tally.cpuSinceMs;
    tally.cpuSinceMs = nowMs;
  }
  if (tally.memorySinceMs !== undefined) {
    tally.memoryMs += nowMs - tally.memorySinceMs;
    tally.memorySinceMs = nowMs;
  }
}
