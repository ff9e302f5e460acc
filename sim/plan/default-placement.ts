// kube-scheduler's own choice of a node for the pods of a plan, by its model in sim/policies: it counts what pods and
// proxies request, and knows nothing of what a pod makes the proxy cost. Each proxy is taken to grow with its pods.

import type { NodeName } from "#model/brand.ts";
import type { NodeView } from "#model/cluster-view.ts";
import type { Resources } from "#model/resources.ts";
import { KubeSchedulerModel } from "../policies/kube-scheduler.ts";
import { SchedulerCluster } from "../policies/scheduler-cluster.ts";
import type { SchedulerPod } from "../policies/scheduler-pod.ts";
import { SeededRandom } from "../seeded-random.ts";
import type { PlannedPod } from "./planned-cluster.ts";

/** Of ties, which kube-scheduler breaks by chance. */
const SEED = 1;

export class DefaultPlacement {
  readonly #cluster = new SchedulerCluster();
  readonly #scheduler = new KubeSchedulerModel(this.#cluster);
  readonly #random = new SeededRandom(SEED);
  readonly #proxies = new Map<NodeName, Resources>();

  addNode({ name, allocatable, traits }: NodeView, proxy: Resources): void {
    // As placement has it: a node whose traits are not known is given no pod.
    if (traits === undefined) return;
    const { labels, taints, isUnschedulable, podsMax } = traits;
    this.#cluster.putNode({ name, allocatable, labels, taints, isUnschedulable, podsMax });
    this.#cluster.addPod(name, { request: proxy });
    this.#proxies.set(name, proxy);
  }

  choose(pod: PlannedPod): NodeName | undefined {
    return this.#scheduler.schedule(schedulerPod(pod), () => this.#random.next())?.name as
      | NodeName
      | undefined;
  }

  /** @param proxy what the node's proxy requests with the pod there. */
  bound(pod: PlannedPod, name: NodeName, proxy: Resources): void {
    const before = this.#proxies.get(name);
    if (before === undefined) return;
    this.#cluster.addPod(name, schedulerPod(pod));
    this.#cluster.removePod(name, { request: before });
    this.#cluster.addPod(name, { request: proxy });
    this.#proxies.set(name, proxy);
  }
}

// Pods of one controller are spread from each other, as kube-scheduler does by default.
function schedulerPod({ view, wishes }: PlannedPod): SchedulerPod {
  const { app, ownerUid, request } = view;
  const spreadGroup = app ?? ownerUid;
  return { request, ...wishes, ...(spreadGroup !== undefined && { spreadGroup }) };
}
