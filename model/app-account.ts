// What the ledger keeps of each app: its profile, what that makes a node pay, where its pods are, and which of them wait.
// One record per app, because every change of a pod needs most of it: in a large cluster what takes the time is to find
// each of so many maps' entries in memory.

import type { AppName, PodUid } from "./brand.ts";
import { HostNodes } from "./host-nodes.ts";
import { chargedCost, type UnitCost, unitCost } from "./mesh-cost.ts";
import { type AppCost, DEFAULT_APP_COST, type MeshProfile } from "./mesh-profile.ts";

export interface AppAccount {
  readonly name: AppName;
  /** Undefined without one of its own. */
  profile: MeshProfile | undefined;
  unitCost: UnitCost;
  /** Those with any of its pods, bound and promised. */
  readonly nodes: HostNodes;
  /** Pods without a node and without a promise; undefined without any. */
  pending: Set<PodUid> | undefined;
}

const NO_PROFILE_COST = unitCost(DEFAULT_APP_COST);

export class AppAccounts {
  readonly #accounts = new Map<AppName, AppAccount>();
  // What happens in a row mostly concerns one app.
  #last: AppAccount | undefined;
  // Many apps mostly have the same costs.
  #lastCost: AppCost = DEFAULT_APP_COST;
  #lastUnitCost: UnitCost = NO_PROFILE_COST;

  /** Undefined for an app without a profile, of which there is no pod. */
  of(app: AppName): AppAccount | undefined {
    if (this.#last?.name === app) return this.#last;
    const account = this.#accounts.get(app);
    if (account !== undefined) this.#last = account;
    return account;
  }

  /** Made if there is none. */
  opened(app: AppName): AppAccount {
    let account = this.of(app);
    if (account === undefined) {
      account = {
        name: app,
        profile: undefined,
        unitCost: NO_PROFILE_COST,
        nodes: new HostNodes(),
        pending: undefined,
      };
      this.#accounts.set(app, account);
      this.#last = account;
    }
    return account;
  }

  unitCost(app: AppName): UnitCost {
    return this.of(app)?.unitCost ?? NO_PROFILE_COST;
  }

  /** What an app with such a profile costs a node. */
  costBy(profile: MeshProfile | undefined): UnitCost {
    if (profile === undefined) return NO_PROFILE_COST;
    const cost = chargedCost(profile);
    if (cost !== this.#lastCost) {
      this.#lastCost = cost;
      this.#lastUnitCost = unitCost(cost);
    }
    return this.#lastUnitCost;
  }

  addPending(app: AppName, uid: PodUid): void {
    const account = this.opened(app);
    account.pending = (account.pending ?? new Set<PodUid>()).add(uid);
  }

  removePending(app: AppName, uid: PodUid): void {
    const account = this.of(app);
    if (account?.pending?.delete(uid) !== true) return;
    if (account.pending.size === 0) account.pending = undefined;
    this.dropIfIdle(account);
  }

  /** Nothing of an app is kept that has neither a pod nor a profile. */
  dropIfIdle(account: AppAccount): void {
    const { name, profile, nodes, pending } = account;
    if (profile !== undefined || nodes.size > 0 || pending !== undefined) return;
    this.#accounts.delete(name);
    if (this.#last === account) this.#last = undefined;
  }
}
