// Where a pod can be reached: as it was given, on its node's addresses, or at an address made up for it.

import { listOf, objectOf, textOf, valueAt } from "./json.ts";
import type { KubeObject } from "./kube-object.ts";
import type { ObjectStore } from "./object-store.ts";

/** Names the address at which a loopback process serves for the pod. */
export const POD_IP_ANNOTATION = "berth.dev/loopback-pod-ip";

export interface Addresses {
  readonly hostIPs: readonly string[];
  readonly podIPs: readonly string[];
}

export class PodAddresses {
  readonly #store: ObjectStore;
  readonly #isReal: (nodeName: string) => boolean;
  #made = 0;

  constructor(store: ObjectStore, isReal: (nodeName: string) => boolean) {
    this.#store = store;
    this.#isReal = isReal;
  }

  of(pod: KubeObject): Addresses {
    const nodeName = textOf(pod.spec?.["nodeName"]) ?? "";
    const hostIPs = this.#hostIPs(nodeName, pod);
    return { hostIPs, podIPs: this.#podIPs(pod, hostIPs, nodeName) };
  }

  #hostIPs(nodeName: string, pod: KubeObject): readonly string[] {
    const given = textOf(pod.status?.["hostIP"]);
    if (given !== undefined) return [given];
    const node = this.#store.get("nodes", { name: nodeName });
    const addresses = listOf(valueAt(node, ["status", "addresses"])).map(objectOf);
    const internal = addresses.flatMap(({ type, address }) =>
      type === "InternalIP" ? (textOf(address) ?? []) : [],
    );
    return internal.length > 0 ? internal : [HOST_WITHOUT_ADDRESS];
  }

  #podIPs(pod: KubeObject, hostIPs: readonly string[], nodeName: string): readonly string[] {
    const annotated = pod.metadata.annotations?.[POD_IP_ANNOTATION];
    if (annotated !== undefined) return [annotated];
    const given = textOf(pod.status?.["podIP"]);
    if (given !== undefined) return [given];
    // Nothing answers at a made-up address, which matters where real processes would call it.
    if (pod.spec?.["hostNetwork"] === true || this.#isReal(nodeName)) return hostIPs;
    return [this.#next()];
  }

  // 10.0.0.1 and on; after 2^24 − 2 pods it starts over, when the first are long gone.
  #next(): string {
    this.#made = (this.#made % (2 ** 24 - 2)) + 1;
    return `10.${this.#made >> 16}.${(this.#made >> 8) & 255}.${this.#made & 255}`;
  }
}

const HOST_WITHOUT_ADDRESS = "127.0.0.1";
