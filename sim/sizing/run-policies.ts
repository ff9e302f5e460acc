// The sizing policies that a simulated run can be played to, by name.

import {
  ceilResources,
  maxResources,
  minResources,
  noResources,
  type Resources,
  scaleResources,
} from "#model/resources.ts";
import { BerthPolicy, type ProfileCosts } from "./berth-policy.ts";
import { type Ahead, OraclePolicy, TemplatePolicy } from "./plain-policies.ts";
import type { NodeObservation, SizingPolicy } from "./sizing-policy.ts";

export const SIZING_NAMES = ["feed-forward", "feedback", "template", "oracle"] as const;
export type SizingName = (typeof SIZING_NAMES)[number];

export interface SizingContext {
  readonly proxyBase: Resources;
  /** The largest of the run's nodes. */
  readonly allocatable: Resources;
  readonly profiles: ProfileCosts;
  /** What each node wants in the next minutes. */
  readonly ahead: Ahead;
  /** One size for all nodes; undefined for one that is chosen after a look at the warm-up. */
  readonly template: Resources | undefined;
}

export function sizingPolicy(name: SizingName, context: SizingContext): SizingPolicy {
  switch (name) {
    case "feed-forward":
      // The production policy, which is never shown what is used: it goes by the pods and their profiles alone.
      return { ...heldToRoom(name, new BerthPolicy(context)), observe: () => undefined };
    case "feedback":
      return heldToRoom(name, new BerthPolicy(context));
    case "template":
      return context.template === undefined ? new SeenTemplatePolicy() : new TemplatePolicy(context.template);
    case "oracle":
      return heldToRoom(name, new OraclePolicy(context.ahead));
  }
}

/**
 * A policy under the name that it has among the others here. A proxy that has grown keeps its size where pods come later,
 * and here they come by what profiles say, whatever it has by then. On a cluster they would not be placed beside it, so that
 * it is not given their room.
 */
function heldToRoom(name: SizingName, policy: SizingPolicy): SizingPolicy {
  return {
    name,
    decide: (occasion) => minResources(policy.decide(occasion), occasion.ceiling),
    observe: (observation) => policy.observe(observation),
  };
}

/** What someone adds who looked at the busiest node. */
const TEMPLATE_RATIO = 1.2;
/** Nothing is held back by it. */
const ANY: Resources = { cpuMilli: 1e9, memoryBytes: 2 ** 50 };

/** One size for all nodes, chosen by someone who looked at the warm-up: the busiest node, and a fifth on top. */
export class SeenTemplatePolicy implements SizingPolicy {
  readonly name = "template";
  #most: Resources = noResources;
  #size: Resources | undefined;

  /** The warm-up is over. */
  choose(): void {
    this.#size = ceilResources(scaleResources(this.#most, TEMPLATE_RATIO));
  }

  decide(): Resources {
    return this.#size ?? ANY;
  }

  observe({ used }: NodeObservation): void {
    if (this.#size === undefined) this.#most = maxResources(this.#most, used);
  }
}
