// Counts the placements that went wrong, by arithmetic of its own: it keeps a plain list of the pods on each node and
// adds everything up again after each placement. It shares no sum with the ledger that made the decision.
//   overcommit: Σ requests + required(n, S) > allocatable(n), for CPU or for memory

import type { AppName, NodeName, PodUid } from "#model/brand.ts";
import type { AppCost, MeshProfile } from "#model/mesh-profile.ts";
import type { NodeLedger } from "#model/node-ledger.ts";
import type { Resources } from "#model/resources.ts";
import type { ClusterObserver } from "./replay-cluster.ts";
import type { MeshModel, ReplayPod } from "./replay-pod.ts";

export interface AuditOptions {
  readonly mesh: MeshModel;
  readonly proxyBase: Resources;
  readonly profiles: ReadonlyMap<AppName, MeshProfile>;
}

export class OvercommitAudit implements ClusterObserver {
  readonly #options: AuditOptions;
  readonly #podsOf = new Map<NodeName, Map<PodUid, ReplayPod>>();
  /** Placements after which the node had promised more than it has. */
  overcommits = 0;
  /** Placements after which the node had more pods of the app than the app's limit. */
  capViolations = 0;

  constructor(options: AuditOptions) {
    this.#options = options;
  }

  nodeAdded({ name }: NodeLedger): void {
    this.#podsOf.set(name, new Map());
  }

  nodeRemoved({ name }: NodeLedger): void {
    this.#podsOf.delete(name);
  }

  podBound(pod: ReplayPod, { name, allocatable }: NodeLedger): void {
    const pods = this.#podsOf.get(name) ?? new Map<PodUid, ReplayPod>();
    this.#podsOf.set(name, pods.set(pod.uid, pod));
    const apps = new Map<AppName, number>();
    let cpuMilli = 0;
    let memoryBytes = 0;
    for (const { app, request } of pods.values()) {
      cpuMilli += request.cpuMilli;
      memoryBytes += request.memoryBytes;
      apps.set(app, (apps.get(app) ?? 0) + 1);
    }
    if (this.#options.mesh.kind === "nodeProxy") {
      cpuMilli += this.#required(apps, "cpuMilli");
      memoryBytes += this.#required(apps, "memoryBytes");
    }
    if (cpuMilli > allocatable.cpuMilli || memoryBytes > allocatable.memoryBytes) this.overcommits++;
    const limit = this.#options.profiles.get(pod.app)?.placement.maxPodsPerNode ?? Infinity;
    if ((apps.get(pod.app) ?? 0) > limit) this.capViolations++;
  }

  podLeft(pod: ReplayPod, { name }: NodeLedger): void {
    this.#podsOf.get(name)?.delete(pod.uid);
  }

  #required(apps: ReadonlyMap<AppName, number>, resource: keyof Resources): number {
    let sum = this.#options.proxyBase[resource];
    for (const [app, pods] of apps) {
      const profile = this.#options.profiles.get(app);
      if (profile !== undefined) sum += costOf(profile.cost, pods, resource);
    }
    return sum;
  }
}

function costOf(cost: AppCost, pods: number, resource: keyof Resources): number {
  const traffic =
    cost.connectionsPerPod * cost.perConnection[resource] + cost.kiloRpsPerPod * cost.perKiloRps[resource];
  return Math.ceil(cost.base[resource]) + pods * Math.ceil(cost.perPod[resource] + traffic);
}
