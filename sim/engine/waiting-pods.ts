// Pods that found no node, in the order in which they came. They are tried again where something left, and pods that
// are alike fail together: a trace that does not fit must not cost a scan per waiting pod and departure.

import type { NodeName, PodUid } from "#model/brand.ts";
import type { NodeLedger } from "#model/node-ledger.ts";
import { isWithin } from "#model/resources.ts";
import type { Placer } from "./placement-policy.ts";
import type { ClusterObserver, ProxyChange } from "./replay-cluster.ts";
import type { ReplayPod } from "./replay-pod.ts";

interface WaitingPod {
  readonly pod: ReplayPod;
  readonly place: number;
}

export class WaitingPods implements ClusterObserver {
  /** Pods of one app and one size, in the order of their coming. */
  readonly #alike = new Map<string, Map<PodUid, WaitingPod>>();
  readonly #nodesWithNewRoom = new Set<NodeName>();
  /** Kinds of pod for which new nodes were no help. */
  readonly #hopeless = new Set<string>();
  #size = 0;
  #everWaited = 0;

  get size(): number {
    return this.#size;
  }

  add(pod: ReplayPod): void {
    const key = keyOf(pod);
    const pods = this.#alike.get(key) ?? new Map<PodUid, WaitingPod>();
    this.#alike.set(key, pods.set(pod.uid, { pod, place: this.#everWaited++ }));
    this.#size++;
  }

  /** Takes a pod out that is deleted or bound; false if it did not wait. */
  remove(pod: ReplayPod): boolean {
    const key = keyOf(pod);
    const pods = this.#alike.get(key);
    if (pods?.delete(pod.uid) !== true) return false;
    if (pods.size === 0) this.#alike.delete(key);
    this.#size--;
    return true;
  }

  /** Pods for which new nodes may help. */
  hopeful(): readonly ReplayPod[] {
    const kinds = [...this.#alike].filter(([key]) => !this.#hopeless.has(key));
    return kinds.flatMap(([, pods]) => [...pods.values()].map(({ pod }) => pod));
  }

  /** New nodes did not help any pod that waits now. */
  giveUpHope(): void {
    for (const key of this.#alike.keys()) this.#hopeless.add(key);
  }

  /** Places what now has room, in the order of coming; `bind` is called for each, at once. Returns how many were. */
  retry(placer: Placer, bind: (pod: ReplayPod, node: NodeName) => void): number {
    if (this.#nodesWithNewRoom.size === 0) return 0;
    const nodes = [...this.#nodesWithNewRoom];
    this.#nodesWithNewRoom.clear();
    if (this.#size === 0) return 0;
    const inOrder: WaitingPod[] = [];
    for (const pods of this.#alike.values()) {
      const [first] = pods.values();
      if (first === undefined || !nodes.some((node) => placer.accepts(node, first.pod))) continue;
      for (const waiting of pods.values()) inOrder.push(waiting);
    }
    inOrder.sort((a, b) => a.place - b.place);
    const failed = new Set<string>();
    let placed = 0;
    for (const { pod } of inOrder) {
      const key = keyOf(pod);
      if (failed.has(key)) continue;
      const node = placer.place(pod);
      if (node === undefined) {
        failed.add(key);
        continue;
      }
      this.remove(pod);
      bind(pod, node);
      placed++;
    }
    return placed;
  }

  podLeft(_pod: ReplayPod, { name }: NodeLedger): void {
    this.#nodesWithNewRoom.add(name);
  }

  proxyResized({ name }: NodeLedger, { before, after }: ProxyChange): void {
    if (!isWithin(before, after)) this.#nodesWithNewRoom.add(name);
  }

  nodeAdded({ name }: NodeLedger): void {
    this.#nodesWithNewRoom.add(name);
  }

  nodeRemoved({ name }: NodeLedger): void {
    this.#nodesWithNewRoom.delete(name);
  }
}

function keyOf({ app, request }: ReplayPod): string {
  return `${app} ${request.cpuMilli} ${request.memoryBytes}`;
}
