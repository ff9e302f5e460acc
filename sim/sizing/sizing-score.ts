// How well a policy sized: slack, shortage, OOM kills, resizes, and what it cost against the oracle.

import { equalResources, type Resources } from "#model/resources.ts";

export interface SizingScore {
  /** Σ (size − use) ÷ Σ size. */
  readonly cpuSlack: number;
  readonly memorySlack: number;
  /** Of all minutes of all nodes, those in which the proxy wanted more than it had. */
  readonly underMinutesShare: number;
  readonly oomNodeDaysShare: number;
  readonly resizesPerNodeDay: number;
  /** Resizes that take back the one before within ten minutes, though the same pods are on the node. */
  readonly flaps: number;
  /** Σ over nodes and minutes of slack + 10 · shortage, both as shares of the node. */
  readonly cost: number;
}

const DAY_MINUTES = 1440;
const FLAP_MINUTES = 10;
const SHORTAGE_WEIGHT = 10;
const RESOURCES = ["cpuMilli", "memoryBytes"] as const;

export class ScoreKeeper {
  readonly #allocatable: Resources;
  readonly #size = { cpuMilli: 0, memoryBytes: 0 };
  readonly #slack = { cpuMilli: 0, memoryBytes: 0 };
  readonly #nodes = new Map<number, NodeTally>();
  readonly #oomNodeDays = new Set<string>();
  #minutes = 0;
  #underMinutes = 0;
  #resizes = 0;
  #flaps = 0;
  #cost = 0;

  constructor(allocatable: Resources) {
    this.#allocatable = allocatable;
  }

  add({ node, minute, size, wanted }: ScoredMinute): void {
    this.#minutes++;
    for (const resource of RESOURCES) {
      const over = size[resource] - wanted[resource];
      this.#size[resource] += size[resource];
      this.#slack[resource] += Math.max(0, over);
      this.#cost += (over > 0 ? over : -over * SHORTAGE_WEIGHT) / this.#allocatable[resource];
    }
    if (wanted.cpuMilli > size.cpuMilli || wanted.memoryBytes > size.memoryBytes) this.#underMinutes++;
    if (wanted.memoryBytes > size.memoryBytes)
      this.#oomNodeDays.add(`${node}/${Math.floor(minute / DAY_MINUTES)}`);
  }

  /** Also told of the minutes that do not count, so that the first one that does has a size before it. */
  sized({ node, minute, size, pods, isCounted }: SizedMinute): void {
    const tally = this.#nodes.get(node);
    if (tally === undefined)
      return void this.#nodes.set(node, { size, pods, movedAt: -Infinity, direction: noDirection });
    if (equalResources(tally.size, size)) return;
    const direction = {
      cpuMilli: Math.sign(size.cpuMilli - tally.size.cpuMilli),
      memoryBytes: Math.sign(size.memoryBytes - tally.size.memoryBytes),
    };
    if (isCounted) {
      this.#resizes++;
      const isTakenBack = RESOURCES.some((resource) => direction[resource] * tally.direction[resource] < 0);
      if (isTakenBack && pods === tally.pods && minute - tally.movedAt <= FLAP_MINUTES) this.#flaps++;
    }
    this.#nodes.set(node, { size, pods, movedAt: minute, direction });
  }

  score(): SizingScore {
    const nodeDays = this.#minutes / DAY_MINUTES;
    return {
      cpuSlack: this.#slack.cpuMilli / this.#size.cpuMilli,
      memorySlack: this.#slack.memoryBytes / this.#size.memoryBytes,
      underMinutesShare: this.#underMinutes / this.#minutes,
      oomNodeDaysShare: this.#oomNodeDays.size / nodeDays,
      resizesPerNodeDay: this.#resizes / nodeDays,
      flaps: this.#flaps,
      cost: this.#cost / this.#minutes,
    };
  }
}

export interface ScoredMinute {
  readonly node: number;
  readonly minute: number;
  readonly size: Resources;
  /** What the proxy would have used with all it wants. */
  readonly wanted: Resources;
}

export interface SizedMinute {
  readonly node: number;
  readonly minute: number;
  readonly size: Resources;
  /** The pods on the node, in words. */
  readonly pods: string;
  readonly isCounted: boolean;
}

interface NodeTally {
  readonly size: Resources;
  /** When it was last resized. */
  readonly pods: string;
  readonly movedAt: number;
  readonly direction: Resources;
}

const noDirection: Resources = { cpuMilli: 0, memoryBytes: 0 };
