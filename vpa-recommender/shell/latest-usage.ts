// The last reading of each node's proxy, kept for people who ask: one reading a node, so no more than there are nodes.

import type { AppName, NodeName } from "#model/brand.ts";
import type { Resources } from "#model/resources.ts";
import type { InstanceUsage } from "../policy/instance-learner.ts";

export interface NodeUsage {
  /** When it was measured. */
  readonly timeMs: number;
  readonly used: Resources;
  /** By app, where the proxy told its instances apart; undefined where only its total is known, from metrics.k8s.io. */
  readonly instances: ReadonlyMap<AppName, InstanceUsage> | undefined;
}

export class LatestUsage {
  readonly #nodes = new Map<NodeName, NodeUsage>();

  set(node: NodeName, usage: NodeUsage): void {
    this.#nodes.set(node, usage);
  }

  forget(node: NodeName): void {
    this.#nodes.delete(node);
  }

  entries(): Iterable<readonly [NodeName, NodeUsage]> {
    return this.#nodes;
  }

  /** The app's instances, on each node whose proxy told them apart. */
  *ofApp(app: AppName): Iterable<readonly [NodeName, InstanceUsage & { readonly timeMs: number }]> {
    for (const [node, { timeMs, instances }] of this.#nodes) {
      const usage = instances?.get(app);
      if (usage !== undefined) yield [node, { timeMs, ...usage }];
    }
  }
}
