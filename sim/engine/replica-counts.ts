// How many replicas each app's controller wants, as far as a trace tells: those alive, and those that arrive in the
// same second.

import type { ClusterLedger } from "#model/ledger.ts";
import type { ReplayPod } from "./replay-pod.ts";

export class ReplicaCounts {
  readonly #ledger: ClusterLedger;

  constructor(ledger: ClusterLedger) {
    this.#ledger = ledger;
  }

  /** To be called for all pods of a second before the first of them is placed. */
  arriving({ ownerUid }: ReplayPod): void {
    this.#ledger.upsertOwner({ uid: ownerUid, replicas: this.#ledger.replicasOf(ownerUid) + 1 });
  }

  left({ ownerUid }: ReplayPod): void {
    const replicas = this.#ledger.replicasOf(ownerUid) - 1;
    if (replicas > 0) this.#ledger.upsertOwner({ uid: ownerUid, replicas });
    else this.#ledger.removeOwner(ownerUid);
  }
}
