// Pods that wait for a node by nomination, by that node.

import type { NodeName, PodUid } from "./brand.ts";
import type { PodView } from "./cluster-view.ts";

const NO_PODS: readonly PodView[] = [];

export class NominatedPods {
  readonly #byNode = new Map<NodeName, Map<PodUid, PodView>>();

  nodes(): Iterable<NodeName> {
    return this.#byNode.keys();
  }

  /** Asked about every node of many decisions, when there are mostly none. */
  to(name: NodeName, isMeant: (pod: PodView) => boolean): readonly PodView[] {
    const pods = this.#byNode.size === 0 ? undefined : this.#byNode.get(name);
    return pods === undefined ? NO_PODS : [...pods.values()].filter(isMeant);
  }

  /** Nothing happens for a pod that waits for no node, or takes none. */
  add(pod: PodView): void {
    const node = pod.nominatedNode;
    if (node === undefined || pod.isTerminating === true || pod.proxy !== undefined) return;
    const pods = this.#byNode.get(node) ?? new Map<PodUid, PodView>();
    this.#byNode.set(node, pods.set(pod.uid, pod));
  }

  remove({ nominatedNode: node, uid }: PodView): void {
    if (node === undefined) return;
    const pods = this.#byNode.get(node);
    if (pods?.delete(uid) === true && pods.size === 0) this.#byNode.delete(node);
  }
}
