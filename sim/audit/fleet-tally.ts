// Running totals over the API's objects: what the fleet runs now, and what it ran when it ran most. Updated with each
// change, so that asking costs nothing.

import type { AppName } from "#model/brand.ts";
import { quarterSidecar } from "../policies/sidecar.ts";
import type { NodeContents, PodOnNode } from "./node-contents.ts";

export interface FleetTotals {
  /** Mesh pods that are bound and have not finished. */
  readonly pods: number;
  /** Nodes with at least one mesh pod. */
  readonly nodesUsed: number;
  readonly instances: number;
  /** Requests of all node proxies. */
  readonly meshMemoryBytes: number;
  /** What a sidecar of a quarter of each pod's memory would request instead. */
  readonly sidecarMemoryBytes: number;
}

export class FleetTally {
  placed = 0;
  departed = 0;
  #now = { pods: 0, nodesUsed: 0, instances: 0, meshMemoryBytes: 0, sidecarMemoryBytes: 0 };
  #peak: FleetTotals = { ...this.#now };
  readonly #apps = new Map<string, Map<AppName, number>>();

  constructor(contents: NodeContents) {
    contents.listen((event) => {
      if (event.kind === "changed") this.#proxyMemory(event.pod, event.before);
      else this.#count(event.node, event.pod, event.kind === "bound" ? 1 : -1);
    });
  }

  get now(): FleetTotals {
    return { ...this.#now };
  }

  /** The totals when most pods were running; settled just before the first of them left. */
  get peak(): FleetTotals {
    return this.#now.pods >= this.#peak.pods ? this.now : this.#peak;
  }

  #proxyMemory(pod: PodOnNode, before: PodOnNode): void {
    if (pod.isProxy) this.#now.meshMemoryBytes += pod.request.memoryBytes - before.request.memoryBytes;
  }

  #count(node: string, pod: PodOnNode, sign: 1 | -1): void {
    if (pod.isProxy) {
      this.#now.meshMemoryBytes += sign * pod.request.memoryBytes;
      return;
    }
    if (pod.app === undefined) return;
    if (sign === 1) this.placed++;
    else {
      this.departed++;
      if (this.#now.pods >= this.#peak.pods) this.#peak = this.now;
    }
    this.#now.pods += sign;
    this.#now.sidecarMemoryBytes += sign * quarterSidecar(pod.request).memoryBytes;
    const apps = this.#apps.get(node) ?? new Map<AppName, number>();
    this.#apps.set(node, apps);
    const count = (apps.get(pod.app) ?? 0) + sign;
    if (count > 0) apps.set(pod.app, count);
    else apps.delete(pod.app);
    if (count === (sign === 1 ? 1 : 0)) this.#now.instances += sign;
    if ((sign === 1 && apps.size === 1 && count === 1) || (sign === -1 && apps.size === 0))
      this.#now.nodesUsed += sign;
  }
}
