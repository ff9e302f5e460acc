// Berth's placement: the extender's own functions over the ledger, with every node in view (nominate mode), and the
// binding seen at once.

import type { NodeName } from "#model/brand.ts";
import { costedDemand, rejectionOf } from "#model/fit.ts";
import type { NodeAccount } from "#model/node-ledger.ts";
import type { ClusterLedger } from "#model/ledger.ts";
import type { Clock } from "#runtime/clock.ts";
import { allCandidates, type Candidates } from "#scheduler-extender/policy/candidates.ts";
import { place } from "#scheduler-extender/policy/placement.ts";
import { DEFAULT_PROMISE_LIMITS, holdForSiblings } from "#scheduler-extender/policy/promise.ts";
import type { Placer, PolicyContext } from "./placement-policy.ts";
import type { ReplayPod } from "./replay-pod.ts";

export class BerthPlacement implements Placer {
  readonly #ledger: ClusterLedger;
  readonly #clock: Clock;
  readonly #podsPerNodeMax: number;
  readonly #candidates: Candidates;
  readonly #expiring = new Set<number>();
  evaluations = 0;

  constructor({ cluster, clock, podsPerNodeMax }: PolicyContext) {
    this.#ledger = cluster.ledger;
    this.#clock = clock;
    this.#podsPerNodeMax = podsPerNodeMax;
    this.#candidates = {
      ...allCandidates(cluster.ledger, { mayLackSlot: false }),
      accountOf: (node) => this.#asked(node),
    };
  }

  place(pod: ReplayPod): NodeName | undefined {
    const ledger = this.#ledger;
    const demand = costedDemand(pod, ledger);
    const placement = place(demand, this.#candidates, { ledger });
    if (placement === undefined) return undefined;
    const limits = DEFAULT_PROMISE_LIMITS;
    const nowMs = this.#clock.nowMs();
    holdForSiblings(ledger, { pod: demand, placement }, { nowMs, limits });
    if (placement.groupPods > 1) this.#expireAt(nowMs + limits.siblingHoldMs);
    return placement.node;
  }

  // One look at all holds serves those of one moment.
  #expireAt(dueMs: number): void {
    if (this.#expiring.has(dueMs)) return;
    this.#expiring.add(dueMs);
    this.#clock.after(dueMs - this.#clock.nowMs(), () => {
      this.#expiring.delete(dueMs);
      this.#ledger.expire(dueMs);
    });
  }

  accepts(name: NodeName, pod: ReplayPod): boolean {
    const node = this.#ledger.node(name);
    if (node === undefined || !this.#hasPodSlot(node)) return false;
    this.evaluations++;
    return rejectionOf(node, costedDemand(pod, this.#ledger)) === undefined;
  }

  // kube-scheduler names to the extender only nodes whose kubelet takes another pod.
  #asked(node: NodeAccount): NodeAccount | undefined {
    if (!this.#hasPodSlot(node)) return undefined;
    this.evaluations++;
    return node;
  }

  #hasPodSlot({ occupants, proxies }: NodeAccount): boolean {
    return occupants.size + proxies.size < this.#podsPerNodeMax;
  }
}
