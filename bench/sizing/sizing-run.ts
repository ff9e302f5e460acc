// Plays the same fleet, minute by minute, to every policy, and keeps their scores. The truth runs ten minutes ahead of the
// policies, so that the oracle can be told.

import { maxResources, type Resources } from "#model/resources.ts";
import type { NodeMinute } from "#sim/sizing/node-minute.ts";
import { ClairvoyantPolicy, OraclePolicy } from "#sim/sizing/plain-policies.ts";
import { SizingPlayer } from "#sim/sizing/sizing-player.ts";
import type { SizingPolicy } from "#sim/sizing/sizing-policy.ts";
import type { SizingScore } from "#sim/sizing/sizing-score.ts";
import { TrueUseMaker, type TrueUseOptions } from "./true-use.ts";

export interface SizingRunOptions extends TrueUseOptions {
  readonly policies: (template: Resources) => readonly SizingPolicy[];
  /** These first days are played and not counted. */
  readonly warmUpDays: number;
  readonly progress: (text: string) => void;
}

const DAY_MINUTES = 1440;
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
  const players = policies.map((policy) => new SizingPlayer(policy, ALLOCATABLE));
  const appNames = fleet.apps.map(({ name }) => name);
  for (let minute = 0; minute < fleet.minutes; minute++) {
    if (minute % DAY_MINUTES === 0)
      progress(`day ${minute / DAY_MINUTES + 1} of ${fleet.minutes / DAY_MINUTES}`);
    const nodes = truth.next();
    const isCounted = minute >= warmUpDays * DAY_MINUTES;
    for (const player of players) {
      for (const [node, wanted] of nodes.entries())
        player.play({ minute, node, wanted, appNames, ceiling: CEILING, isCounted });
    }
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
