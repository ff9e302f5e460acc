// Berth's placement: the extender's own functions over the ledger, with every node in view (nominate mode), and the
// binding seen at once.

import type { NodeName } from "#model/brand.ts";
import { costedDemand, rejectionOf } from "#model/fit.ts";
import type { NodeLedger } from "#model/node-ledger.ts";
import type { ClusterLedger } from "#model/ledger.ts";
import type { Clock } from "#runtime/clock.ts";
import type { Candidates } from "#scheduler-extender/policy/candidates.ts";
import { place } from "#scheduler-extender/policy/placement.ts";
import { DEFAULT_PROMISE_LIMITS, promise } from "#scheduler-extender/policy/promise.ts";
import type { Placer, PolicyContext } from "./placement-policy.ts";
import type { ReplayPod } from "./replay-pod.ts";
import { RoomyNodes } from "./roomy-nodes.ts";

export class BerthPlacement implements Placer {
  readonly #ledger: ClusterLedger;
  readonly #clock: Clock;
  readonly #roomy: RoomyNodes;
  evaluations = 0;

  constructor({ cluster, clock, podsPerNodeMax }: PolicyContext) {
    this.#ledger = cluster.ledger;
    this.#clock = clock;
    this.#roomy = new RoomyNodes(podsPerNodeMax);
  }

  place(pod: ReplayPod): NodeName | undefined {
    const ledger = this.#ledger;
    const demand = costedDemand(pod, ledger);
    const placement = place(demand, this.#candidatesFor(pod), { ledger });
    if (placement === undefined) return undefined;
    const limits = DEFAULT_PROMISE_LIMITS;
    promise(ledger, { pod: demand, placement }, { nowMs: this.#clock.nowMs(), limits });
    if (placement.groupPods > 1) {
      this.#clock.after(limits.siblingHoldMs, () => ledger.expire(this.#clock.nowMs()));
    }
    return placement.node;
  }

  accepts(name: NodeName, pod: ReplayPod): boolean {
    const node = this.#ledger.node(name);
    if (node === undefined || !this.#roomy.hasPodSlot(node)) return false;
    this.evaluations++;
    return rejectionOf(node, costedDemand(pod, this.#ledger)) === undefined;
  }

  nodeAdded(node: NodeLedger): void {
    this.#roomy.touch(node);
  }

  nodeRemoved(node: NodeLedger): void {
    this.#roomy.remove(node);
  }

  podBound(_pod: ReplayPod, node: NodeLedger): void {
    this.#roomy.touch(node);
  }

  podLeft(_pod: ReplayPod, node: NodeLedger): void {
    this.#roomy.touch(node);
  }

  proxyResized(node: NodeLedger): void {
    this.#roomy.touch(node);
  }

  // kube-scheduler names to the extender only nodes whose kubelet takes another pod.
  #candidatesFor({ request }: ReplayPod): Candidates {
    return {
      ofApp: (app) => this.#counted(this.#withPodSlot(this.#ledger.nodesOfApp(app))),
      all: () => this.#counted(this.#roomy.withRoomFor(request)),
    };
  }

  *#withPodSlot(nodes: Iterable<NodeLedger>): Iterable<NodeLedger> {
    for (const node of nodes) if (this.#roomy.hasPodSlot(node)) yield node;
  }

  *#counted(nodes: Iterable<NodeLedger>): Iterable<NodeLedger> {
    for (const node of nodes) {
      this.evaluations++;
      yield node;
    }
  }
}
