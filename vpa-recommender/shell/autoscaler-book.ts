// The autoscalers by the DaemonSet that they name. A pod belongs to the one that names its owner: that needs no look at
// the DaemonSet itself, so one that is away for a while loses nothing.

import type { StoredAutoscaler } from "#kube/node-proxy-autoscaler-schema.ts";
import type { ProxyPod } from "./proxy-pod.ts";

export class AutoscalerBook {
  readonly #byTarget = new Map<string, StoredAutoscaler>();

  upsert(autoscaler: StoredAutoscaler): void {
    this.remove(autoscaler);
    const key = keyOf(autoscaler.namespace, autoscaler.target);
    const other = this.#byTarget.get(key);
    // Of two for one DaemonSet the first by name counts, whatever order they are seen in.
    if (other === undefined || autoscaler.name < other.name) this.#byTarget.set(key, autoscaler);
  }

  remove({ namespace, name }: Pick<StoredAutoscaler, "namespace" | "name">): void {
    for (const [key, known] of this.#byTarget)
      if (known.namespace === namespace && known.name === name) this.#byTarget.delete(key);
  }

  /** The autoscaler of the pod's DaemonSet. */
  of({ namespace, daemonSet }: Pick<ProxyPod, "namespace" | "daemonSet">): StoredAutoscaler | undefined {
    return daemonSet === undefined ? undefined : this.#byTarget.get(keyOf(namespace, daemonSet));
  }

  values(): Iterable<StoredAutoscaler> {
    return this.#byTarget.values();
  }
}

function keyOf(namespace: string, daemonSet: string): string {
  return `${namespace}/${daemonSet}`;
}
