// kube-scheduler's default placement: it counts what pods request, sidecars and the DaemonSet's proxy included, and
// knows nothing of what a pod makes the proxy cost.

import type { NodeName, PodUid } from "#model/brand.ts";
import type { NodeLedger } from "#model/node-ledger.ts";
import {
  DEFAULT_PROFILE,
  KubeSchedulerModel,
  type SchedulerProfile,
  selectHost,
} from "../policies/kube-scheduler.ts";
import { SchedulerCluster } from "../policies/scheduler-cluster.ts";
import type { SchedulerPod } from "../policies/scheduler-pod.ts";
import type { Random } from "../seeded-random.ts";
import type { Placer, PolicyContext } from "./placement-policy.ts";
import type { ProxyChange } from "./replay-cluster.ts";
import type { ReplayPod } from "./replay-pod.ts";

export class KubePlacement implements Placer {
  readonly #nodes = new SchedulerCluster();
  readonly #scheduler: KubeSchedulerModel;
  readonly #random: Random;
  readonly #podsPerNodeMax: number;
  /** Pods that it chose nodes for, and has not seen bound. */
  readonly #assumed = new Set<PodUid>();
  evaluations = 0;

  constructor({ random, podsPerNodeMax }: PolicyContext, profile: SchedulerProfile = DEFAULT_PROFILE) {
    this.#scheduler = new KubeSchedulerModel(this.#nodes, profile);
    this.#random = random;
    this.#podsPerNodeMax = podsPerNodeMax;
  }

  place(pod: ReplayPod): NodeName | undefined {
    const asked = schedulerPod(pod);
    const { feasible, rejections } = this.#scheduler.filter(asked);
    this.evaluations += feasible.length;
    for (const nodes of rejections.values()) this.evaluations += nodes;
    if (feasible.length <= 1) return feasible[0]?.name as NodeName | undefined;
    const chosen = feasible[selectHost(this.#scheduler.score(asked, feasible), this.#random)];
    return chosen?.name as NodeName | undefined;
  }

  accepts(name: NodeName, pod: ReplayPod): boolean {
    const node = this.#nodes.node(name);
    this.evaluations++;
    return node !== undefined && this.#scheduler.rejection(schedulerPod(pod), node) === undefined;
  }

  nodeAdded({ name, allocatable, counted }: NodeLedger): void {
    this.#nodes.putNode({ name, allocatable, podsMax: this.#podsPerNodeMax });
    if (counted !== undefined) this.#nodes.addPod(name, { request: counted });
  }

  nodeRemoved({ name, counted }: NodeLedger): void {
    if (counted !== undefined) this.#nodes.removePod(name, { request: counted });
    this.#nodes.removeNode(name);
  }

  promised(pod: ReplayPod, name: NodeName): void {
    this.#assumed.add(pod.uid);
    this.#nodes.addPod(name, schedulerPod(pod));
  }

  promiseEnded(pod: ReplayPod, name: NodeName): void {
    if (this.#assumed.delete(pod.uid)) this.#nodes.removePod(name, schedulerPod(pod));
  }

  podBound(pod: ReplayPod, { name }: NodeLedger): void {
    if (this.#assumed.delete(pod.uid)) return;
    this.#nodes.addPod(name, schedulerPod(pod));
  }

  podLeft(pod: ReplayPod, { name }: NodeLedger): void {
    this.#nodes.removePod(name, schedulerPod(pod));
  }

  proxyResized({ name }: NodeLedger, { before, after }: ProxyChange): void {
    this.#nodes.removePod(name, { request: before });
    this.#nodes.addPod(name, { request: after });
  }
}

/** The controller selects its app's pods, so that default spreading spreads them. */
function schedulerPod({ request, app }: ReplayPod): SchedulerPod {
  return { request, spreadGroup: app };
}
