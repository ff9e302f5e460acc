// Plays the same fleet, minute by minute, to every policy, and keeps their scores. The truth runs ten minutes ahead of the
// policies, so that the oracle can be told.

import { maxResources, type Resources } from "#model/resources.ts";
import type { NodeMinute } from "./true-use.ts";
import { TrueUseMaker, type TrueUseOptions } from "./true-use.ts";
import { ClairvoyantPolicy, OraclePolicy } from "./plain-policies.ts";
import { ScoreKeeper, type SizingScore } from "./sizing-score.ts";
import type { SizingPolicy } from "./sizing-policy.ts";

export interface SizingRunOptions extends TrueUseOptions {
  readonly policies: (template: Resources) => readonly SizingPolicy[];
  /** These first days are played and not counted. */
  readonly warmUpDays: number;
  readonly progress: (text: string) => void;
}

const DAY_MINUTES = 1440;
const MINUTE_MS = 60_000;
const START_MS = Date.UTC(2026, 0, 5);
const AHEAD_MINUTES = 10;
export const ALLOCATABLE: Resources = { cpuMilli: 16_000, memoryBytes: 64 * 1024 ** 3 };
/** What the pods leave for the proxy. */
const CEILING: Resources = { cpuMilli: 6_000, memoryBytes: 24 * 1024 ** 3 };
/** The template was chosen by someone who looked at the first day: the busiest node, and a fifth on top. */
const TEMPLATE_RATIO = 1.2;

export function playSizing(options: SizingRunOptions): ReadonlyMap<string, SizingScore> {
  const { fleet, warmUpDays, progress } = options;
  const truth = new TruthAhead(options);
  const template = templateOf(options);
  const ahead = (node: number): Resources => truth.most(node);
  const policies = [...options.policies(template), new OraclePolicy(ahead), new ClairvoyantPolicy(ahead)];
  const players = policies.map((policy) => new Player(policy, fleet.nodes));
  for (let minute = 0; minute < fleet.minutes; minute++) {
    if (minute % DAY_MINUTES === 0)
      progress(`day ${minute / DAY_MINUTES + 1} of ${fleet.minutes / DAY_MINUTES}`);
    const nodes = truth.next();
    for (const player of players)
      player.play({
        minute,
        nodes,
        appNames: options.fleet.apps.map(({ name }) => name),
        isCounted: minute >= warmUpDays * DAY_MINUTES,
      });
  }
  return new Map(players.map(({ policy, keeper }) => [policy.name, keeper.score()]));
}

function templateOf(options: SizingRunOptions): Resources {
  const maker = new TrueUseMaker(options);
  let most: Resources = { cpuMilli: 0, memoryBytes: 0 };
  for (let minute = 0; minute < DAY_MINUTES; minute++)
    maker.minute(minute, (_, use) => {
      most = maxResources(most, use);
    });
  return {
    cpuMilli: Math.ceil(most.cpuMilli * TEMPLATE_RATIO),
    memoryBytes: Math.ceil(most.memoryBytes * TEMPLATE_RATIO),
  };
}

class TruthAhead {
  readonly #maker: TrueUseMaker;
  readonly #minutes: number;
  readonly #queue: (readonly NodeMinute[])[] = [];
  #made = 0;

  constructor(options: TrueUseOptions) {
    this.#maker = new TrueUseMaker(options);
    this.#minutes = options.fleet.minutes;
  }

  /** The minute that begins, of every node. */
  next(): readonly NodeMinute[] {
    if (this.#made > 0) this.#queue.shift();
    while (this.#queue.length < AHEAD_MINUTES && this.#made < this.#minutes) {
      const nodes: NodeMinute[] = [];
      this.#maker.minute(this.#made++, (_, use) => nodes.push(use));
      this.#queue.push(nodes);
    }
    return this.#queue[0] ?? [];
  }

  most(node: number): Resources {
    let most: Resources = { cpuMilli: 0, memoryBytes: 0 };
    for (const nodes of this.#queue) most = maxResources(most, nodes[node] ?? most);
    return most;
  }
}

interface Turn {
  readonly minute: number;
  readonly nodes: readonly NodeMinute[];
  readonly appNames: readonly string[];
  readonly isCounted: boolean;
}

class Player {
  readonly policy: SizingPolicy;
  readonly keeper = new ScoreKeeper(ALLOCATABLE);
  /** Work that was throttled away and comes again, for a minute at most: clients give up. */
  readonly #backlog: Float64Array;

  constructor(policy: SizingPolicy, nodes: number) {
    this.policy = policy;
    this.#backlog = new Float64Array(nodes);
  }

  play({ minute, nodes, appNames, isCounted }: Turn): void {
    const timeMs = START_MS + minute * MINUTE_MS;
    for (const [node, wanted] of nodes.entries()) {
      const pods = new Map(wanted.instances.map(({ app, pods: count }) => [appNames[app] ?? "", count]));
      const inWords = [...pods].map((entry) => entry.join(" ")).join();
      const size = this.policy.decide({ node, timeMs, pods, ceiling: CEILING });
      this.keeper.sized({ node, minute, size, pods: inWords, isCounted });
      if (isCounted) this.keeper.add({ node, minute, size, wanted });
      const asked = wanted.cpuMilli + (this.#backlog[node] ?? 0);
      const cpuMilli = Math.min(asked, size.cpuMilli);
      this.#backlog[node] = Math.min(asked - cpuMilli, wanted.cpuMilli);
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
}
