// The scheduler's view of the cluster: what its watches show, and what it has assumed and not yet seen (a pod counts on
// its node from the moment it was chosen).

import type { NodeSpec, SchedulerCluster } from "../policies/scheduler-cluster.ts";
import type { SchedulerPod } from "../policies/scheduler-pod.ts";
import type { DriverPod } from "./decode-scheduling.ts";

interface Placed {
  readonly nodeName: string;
  readonly wishes: SchedulerPod;
}

export class SchedulerCache {
  readonly #cluster: SchedulerCluster;
  readonly #placed = new Map<string, Placed>();
  readonly #assumed = new Set<string>();
  /** Pods on nodes that are not known yet, by node. */
  readonly #early = new Map<string, Map<string, SchedulerPod>>();

  constructor(cluster: SchedulerCluster) {
    this.#cluster = cluster;
  }

  putNode(spec: NodeSpec): void {
    this.#cluster.putNode(spec);
    const early = this.#early.get(spec.name);
    this.#early.delete(spec.name);
    for (const [uid, wishes] of early ?? []) this.#place(uid, { nodeName: spec.name, wishes });
  }

  /** Takes a bound pod's newest state; a finished one holds nothing. */
  putPod({ view, wishes }: DriverPod): void {
    this.removePod(view.uid);
    if (view.isFinished || view.nodeName === undefined) return;
    this.#place(view.uid, { nodeName: view.nodeName, wishes });
  }

  removePod(uid: string): void {
    this.#assumed.delete(uid);
    const placed = this.#placed.get(uid);
    if (placed !== undefined) {
      this.#placed.delete(uid);
      this.#cluster.removePod(placed.nodeName, placed.wishes);
    }
    for (const early of this.#early.values()) early.delete(uid);
  }

  /** A pod that was seen bound during its cycle stays where it is. */
  assume(uid: string, placed: Placed): void {
    if (this.#placed.has(uid)) return;
    this.#place(uid, placed);
    this.#assumed.add(uid);
  }

  /** The binding failed. */
  forgetAssumed(uid: string): void {
    if (this.#assumed.has(uid)) this.removePod(uid);
  }

  /** True for a pod that was chosen a node for and is not seen bound yet. */
  isAssumed(uid: string): boolean {
    return this.#assumed.has(uid);
  }

  #place(uid: string, placed: Placed): void {
    if (this.#cluster.node(placed.nodeName) === undefined) {
      const early = this.#early.get(placed.nodeName) ?? new Map<string, SchedulerPod>();
      this.#early.set(placed.nodeName, early.set(uid, placed.wishes));
      return;
    }
    this.#placed.set(uid, placed);
    this.#cluster.addPod(placed.nodeName, placed.wishes);
  }
}
