// What the proxies of a run would use, minute by minute, and what becomes of them under several ways to size them. All are
// played the same minutes of the same nodes, beside the run: its placement goes by what the model requires, as production's
// filter does, so that no size changes it. The oracle is told ten minutes ahead, so that the policies are played as late.

import { assert } from "#model/assert.ts";
import type { AppName, NodeName } from "#model/brand.ts";
import type { AppCost } from "#model/mesh-profile.ts";
import type { NodeLedger } from "#model/node-ledger.ts";
import { isWithin, maxResources, noResources, type Resources, subtractResources } from "#model/resources.ts";
import type { Clock } from "#runtime/clock.ts";
import type { Bursts } from "../sizing/app-load.ts";
import { AppUse, type InstanceMemory } from "../sizing/app-use.ts";
import type { DailyCurve } from "../sizing/daily-curves.ts";
import type { NodeMinute } from "../sizing/node-minute.ts";
import { SeenTemplatePolicy, type SizingName, sizingPolicy } from "../sizing/run-policies.ts";
import { SizingPlayer } from "../sizing/sizing-player.ts";
import type { SizingScore } from "../sizing/sizing-score.ts";
import type { UsageScore } from "../sizing/usage-score.ts";
import type { AppProfiles } from "./app-profiles.ts";
import { tracedApp } from "./replay-pod.ts";

export interface UsageConditions {
  /** Of so many nodes, the first that have pods. */
  readonly nodesMax: number;
  readonly warmUpSeconds: number;
  readonly sizings: readonly SizingName[];
  readonly template: Resources | undefined;
  /** By the trace's names of apps. */
  readonly curves: ReadonlyMap<string, DailyCurve>;
  readonly bursts: Bursts;
  readonly profileDeviation: number;
}

export interface UsageResult {
  readonly nodesWatched: number;
  /** After the warm-up; of each watched node that had pods. */
  readonly nodeMinutes: number;
  /** Of these, in which the proxy wanted more than the pods on its node leave: no sizing helps, only placement. */
  readonly nodeMinutesWithoutRoom: number;
  readonly sizings: readonly SizingResult[];
}

export interface SizingResult
  extends UsageScore, Pick<SizingScore, "cpuSlack" | "memorySlack" | "resizesPerNodeDay" | "flaps"> {
  readonly sizing: SizingName;
}

interface UsageRunOptions {
  readonly conditions: UsageConditions;
  readonly clock: Clock;
  readonly seed: number;
  readonly nodes: () => Iterable<NodeLedger>;
  readonly profiles: AppProfiles;
  readonly proxyBase: Resources;
  /** The largest of the run's nodes. */
  readonly allocatable: Resources;
}

interface Wanted {
  readonly node: number;
  readonly wanted: NodeMinute;
  readonly ceiling: Resources;
}

const MINUTE_MS = 60_000;
const AHEAD_MINUTES = 10;
/** Apart from the run's other draws with the same seed. */
const SEED_OFFSET = 0x05a6e;

export class UsageRun {
  readonly #options: UsageRunOptions;
  readonly #use: AppUse;
  readonly #players: readonly { readonly sizing: SizingName; readonly player: SizingPlayer }[];
  readonly #numbers = new Map<NodeName, number>();
  readonly #memories = new Map<NodeName, Map<AppName, InstanceMemory>>();
  readonly #queue: ReadonlyMap<number, Wanted>[] = [];
  readonly #warmUpMinutes: number;
  #minute = 0;
  #played = 0;
  #nodeMinutes = 0;
  #withoutRoom = 0;

  constructor(options: UsageRunOptions) {
    const { conditions, seed, profiles, proxyBase, allocatable } = options;
    const { curves, bursts, profileDeviation, sizings, template } = conditions;
    this.#options = options;
    this.#warmUpMinutes = Math.ceil((conditions.warmUpSeconds * 1000) / MINUTE_MS);
    const costs = { get: (app: string): AppCost => profiles.get(app as AppName).cost };
    const byApp = new Map([...curves].map(([name, curve]) => [tracedApp(name) as string, curve]));
    this.#use = new AppUse({ seed: seed + SEED_OFFSET, costs, curves: byApp, bursts, profileDeviation });
    const ahead = (node: number): Resources => this.#most(node);
    const context = { proxyBase, allocatable, profiles: costs, ahead, template };
    this.#players = sizings.map((sizing) => ({
      sizing,
      player: new SizingPlayer(sizingPolicy(sizing, context), allocatable),
    }));
  }

  /** From now on, every minute. */
  begin(): void {
    this.#options.clock.after(MINUTE_MS, () => {
      this.#look();
      this.begin();
    });
  }

  /** When nothing is left to happen. */
  result(): UsageResult {
    while (this.#queue.length > 0) this.#play();
    return {
      nodesWatched: this.#numbers.size,
      nodeMinutes: this.#nodeMinutes,
      nodeMinutesWithoutRoom: this.#withoutRoom,
      sizings: this.#players.map(({ sizing, player }) => {
        const { cpuSlack, memorySlack, resizesPerNodeDay, flaps } = player.keeper.score();
        return { sizing, ...player.usage.score(), cpuSlack, memorySlack, resizesPerNodeDay, flaps };
      }),
    };
  }

  #look(): void {
    const minute = this.#minute++;
    const wanted = new Map<number, Wanted>();
    for (const node of this.#options.nodes()) {
      const number = this.#numberOf(node);
      if (number === undefined) continue;
      const { allocatable, requested } = node;
      wanted.set(number, {
        node: number,
        wanted: this.#wantedOf(node, minute),
        ceiling: subtractResources(allocatable, requested),
      });
    }
    this.#queue.push(wanted);
    if (this.#queue.length >= AHEAD_MINUTES) this.#play();
  }

  #play(): void {
    const minute = this.#played++;
    // In the warm-up's last minute, so that the choice itself is no resize that counts.
    if (minute === this.#warmUpMinutes - 1) this.#endWarmUp();
    const isCounted = minute >= this.#warmUpMinutes;
    const { appNames } = this.#use;
    for (const one of this.#queue[0]?.values() ?? []) {
      if (isCounted) this.#nodeMinutes++;
      if (isCounted && !isWithin(one.wanted, one.ceiling)) this.#withoutRoom++;
      for (const { player } of this.#players) player.play({ minute, appNames, isCounted, ...one });
    }
    this.#queue.shift();
  }

  #endWarmUp(): void {
    for (const { player } of this.#players)
      if (player.policy instanceof SeenTemplatePolicy) player.policy.choose();
  }

  // A node without pods wants what a bare proxy does, and interests nobody.
  #numberOf({ name, appPods }: NodeLedger): number | undefined {
    if (appPods.size === 0) {
      this.#memories.delete(name);
      return undefined;
    }
    let number = this.#numbers.get(name);
    if (number !== undefined || this.#numbers.size >= this.#options.conditions.nodesMax) return number;
    number = this.#numbers.size;
    this.#numbers.set(name, number);
    return number;
  }

  #wantedOf({ name, appPods }: NodeLedger, minute: number): NodeMinute {
    const before = this.#memories.get(name);
    const memories = new Map<AppName, InstanceMemory>();
    const { proxyBase } = this.#options;
    const sum = { ...proxyBase };
    const instances = [...appPods].map(([app, pods]) => {
      const memory = before?.get(app) ?? { noise: 0, heapBytes: 0 };
      memories.set(app, memory);
      const instance = this.#use.instance(app, pods, { minute, memory });
      sum.cpuMilli += instance.cpuMilli;
      sum.memoryBytes += instance.memoryBytes;
      return instance;
    });
    this.#memories.set(name, memories);
    return { ...sum, instances };
  }

  #most(node: number): Resources {
    let most = noResources;
    for (const minute of this.#queue) {
      const there = minute.get(node)?.wanted;
      if (there !== undefined) most = maxResources(most, there);
    }
    assert(most !== noResources, "a node that is sized wants something");
    return most;
  }
}
