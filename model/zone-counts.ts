// How many pods of each app are in each zone, bound and promised: what a limit per zone is held against. Kept up to date
// with every pod, so that a decision looks up one number per node. Nodes without a zone are in none.

import type { AppName } from "./brand.ts";
import type { NodeLedger } from "./node-ledger.ts";

const NOWHERE: ReadonlyMap<string, number> = new Map();

export class ZoneCounts {
  readonly #zones = new Map<AppName, Map<string, number>>();

  /** The app's pods by zone; zones without any are absent. Shows later changes, too. */
  of(app: AppName): ReadonlyMap<string, number> {
    return this.#zones.get(app) ?? NOWHERE;
  }

  add(app: AppName, zone: string, pods: number): void {
    if (zone === "" || pods === 0) return;
    const zones = this.#zones.get(app) ?? new Map<string, number>();
    const count = (zones.get(zone) ?? 0) + pods;
    if (count === 0) zones.delete(zone);
    else zones.set(zone, count);
    if (zones.size === 0) this.#zones.delete(app);
    else this.#zones.set(app, zones);
  }

  /** Puts a node, with the pods that are on it, into another zone. */
  move(node: NodeLedger, zone: string): void {
    if (node.zone === zone) return;
    for (const [app, pods] of node.appPods) {
      this.add(app, node.zone, -pods);
      this.add(app, zone, pods);
    }
    node.zone = zone;
  }
}
