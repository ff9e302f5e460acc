// Plays what proxies want, minute by minute, to one policy: asks it for sizes, shows it what a proxy of that size would
// show, and keeps its score.

import type { Resources } from "#model/resources.ts";
import type { NodeMinute } from "./node-minute.ts";
import type { SizingPolicy } from "./sizing-policy.ts";
import { ScoreKeeper } from "./sizing-score.ts";
import { UsageTally } from "./usage-score.ts";

const MINUTE_MS = 60_000;
const START_MS = Date.UTC(2026, 0, 5);

export interface PlayedMinute {
  readonly minute: number;
  readonly node: number;
  readonly wanted: NodeMinute;
  readonly appNames: readonly string[];
  /** Room for the proxy on this node. */
  readonly ceiling: Resources;
  readonly isCounted: boolean;
}

export class SizingPlayer {
  readonly policy: SizingPolicy;
  readonly keeper: ScoreKeeper;
  readonly usage = new UsageTally();
  /** By node: work that was throttled away and comes again, for a minute at most: clients give up. */
  readonly #backlog = new Map<number, number>();

  /** @param allocatable of a node, which slack and shortage are shares of. */
  constructor(policy: SizingPolicy, allocatable: Resources) {
    this.policy = policy;
    this.keeper = new ScoreKeeper(allocatable);
  }

  /** To be called for all nodes of a minute, then for the next. */
  play({ minute, node, wanted, appNames, ceiling, isCounted }: PlayedMinute): void {
    const timeMs = START_MS + minute * MINUTE_MS;
    const pods = new Map(wanted.instances.map(({ app, pods: count }) => [appNames[app] ?? "", count]));
    const inWords = [...pods].map((entry) => entry.join(" ")).join();
    const size = this.policy.decide({ node, timeMs, pods, ceiling });
    this.keeper.sized({ node, minute, size, pods: inWords, isCounted });
    if (isCounted) {
      this.keeper.add({ node, minute, size, wanted });
      this.usage.add(size, wanted);
    }
    const asked = wanted.cpuMilli + (this.#backlog.get(node) ?? 0);
    const cpuMilli = Math.min(asked, size.cpuMilli);
    this.#backlog.set(node, Math.min(asked - cpuMilli, wanted.cpuMilli));
    const share = cpuMilli / asked;
    this.policy.observe({
      node,
      timeMs: timeMs + MINUTE_MS,
      pods,
      used: {
        cpuMilli: Math.round(cpuMilli),
        memoryBytes: Math.round(Math.min(wanted.memoryBytes, size.memoryBytes)),
      },
      throttledShare: 1 - share,
      wasOomKilled: wanted.memoryBytes > size.memoryBytes,
      instances: wanted.instances.map(({ app, ...instance }) => ({
        app: appNames[app] ?? "",
        pods: instance.pods,
        perSecond: instance.perSecond * share,
        connections: instance.connections,
        cpuMilli: instance.cpuMilli * share,
        memoryBytes: instance.memoryBytes,
      })),
    });
  }
}
