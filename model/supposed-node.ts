// A node as it would be without some of its pods, or with others, for questions about preemption. It is a copy of the node's account, so
// that the arithmetic is the ledger's own (an app's base goes with its last pod) and the ledger stays as it is.

import type { AppName, PodUid } from "./brand.ts";
import type { UnitCost } from "./mesh-cost.ts";
import type { NodeAccount, NodeLedger, Occupant } from "./node-ledger.ts";

export class SupposedNode {
  readonly #node: NodeLedger;
  readonly #unitCost: (app: AppName) => UnitCost;

  constructor(node: NodeLedger, unitCost: (app: AppName) => UnitCost) {
    this.#node = node.copy();
    this.#unitCost = unitCost;
  }

  get account(): NodeAccount {
    return this.#node;
  }

  /** Takes out a pod, a promise or a proxy; nothing happens for a uid that is not counted here. */
  remove(uid: PodUid): void {
    const occupant = this.#node.occupants.get(uid);
    if (occupant !== undefined) this.#node.remove(uid, this.#costOf(occupant));
    else if (this.#node.proxies.has(uid)) this.#node.removeProxy(uid);
  }

  add(occupant: Occupant): void {
    this.#node.add(occupant, this.#costOf(occupant));
  }

  #costOf({ app }: Occupant): UnitCost | undefined {
    return app === undefined ? undefined : this.#unitCost(app);
  }
}
