// How many replicas each app's controller wants, as far as a trace tells: those alive, and those that arrive in the
// same second.

import type { ClusterLedger } from "#model/ledger.ts";
import type { ReplayPod } from "./replay-pod.ts";

export class ReplicaCounts {
  readonly #ledger: ClusterLedger;
  readonly #replicas = new Map<string, number>();

  constructor(ledger: ClusterLedger) {
    this.#ledger = ledger;
  }

  /** To be called for all pods of a second before the first of them is placed. */
  arriving({ ownerUid }: ReplayPod): void {
    this.#set(ownerUid, (this.#replicas.get(ownerUid) ?? 0) + 1);
  }

  left({ ownerUid }: ReplayPod): void {
    this.#set(ownerUid, (this.#replicas.get(ownerUid) ?? 0) - 1);
  }

  #set(ownerUid: string, replicas: number): void {
    if (replicas > 0) {
      this.#replicas.set(ownerUid, replicas);
      this.#ledger.upsertOwner({ uid: ownerUid, replicas });
    } else {
      this.#replicas.delete(ownerUid);
      this.#ledger.removeOwner(ownerUid);
    }
  }
}
