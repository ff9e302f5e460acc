// Discovery by pod, for comparison: what Kubernetes' EndpointSlice controller announces of the same pods (an entry from
// when a pod has its node until it is gone, unready ones included), written by our own rules, which are at least as
// sparing: batched as long as ours, where kube-controller-manager's default is not to wait at all.

import type { NodeName } from "#model/brand.ts";
import type { PodView } from "#model/cluster-view.ts";
import type { ServiceView } from "#model/service-view.ts";
import {
  type SliceChange,
  sliceChanges,
  type StoredSlice,
} from "#scheduler-extender/policy/slice-changes.ts";
import { isSelected } from "#scheduler-extender/policy/service-route.ts";

const BATCH_MS = 500;

export class PodDiscovery {
  readonly #services: readonly ServiceView[];
  readonly #pods = new Map<string, Map<string, PodView>>();
  readonly #dueMs = new Map<ServiceView, number>();
  readonly stored = new Map<ServiceView, readonly StoredSlice[]>();

  constructor(services: readonly ServiceView[]) {
    this.#services = services;
  }

  podChanged(before: PodView | undefined, after: PodView | undefined, nowMs: number): void {
    const pod = after ?? before;
    if (pod?.traits === undefined) return;
    for (const service of this.#services) {
      if (!isSelected(pod.traits.labels, service.selector)) continue;
      const pods = this.#pods.get(service.name) ?? new Map<string, PodView>();
      this.#pods.set(service.name, pods);
      if (after === undefined) pods.delete(pod.uid);
      else pods.set(after.uid, after);
      if (!this.#dueMs.has(service)) this.#dueMs.set(service, nowMs + BATCH_MS);
    }
  }

  /** What is due, carried out. */
  decide(nowMs: number): readonly SliceChange[] {
    const due = [...this.#dueMs].filter(([, dueMs]) => dueMs <= nowMs);
    return due.flatMap(([service]) => {
      this.#dueMs.delete(service);
      const before = this.stored.get(service) ?? [];
      const changes = sliceChanges(this.#desired(service), before);
      this.stored.set(service, carriedOut(before, changes));
      return changes;
    });
  }

  #desired(service: ServiceView) {
    const { namespace, name, uid, clusterIps } = service;
    const pods = [...(this.#pods.get(name)?.values() ?? [])];
    const [app] = pods.flatMap((pod) => pod.app ?? []);
    if (app === undefined) return undefined;
    const head = {
      namespace,
      service: name,
      serviceUid: uid,
      app,
      inboundPort: 8080,
      servicePorts: [80],
      clusterIps,
    };
    const entries = pods.map((pod) => {
      const serving = pod.isTerminating === true ? ("terminating" as const) : ("ready" as const);
      const state = pod.isReady === true ? serving : ("unready" as const);
      // Told apart by their names alone; the address is as long as theirs are.
      const entry = { node: pod.uid as string as NodeName, address: "10.244.100.100", zone: "a", state };
      return { entry, family: "IPv4" as const, isDue: true };
    });
    return { head, entries };
  }
}

function carriedOut(before: readonly StoredSlice[], changes: readonly SliceChange[]): readonly StoredSlice[] {
  const slices = new Map(before.map((stored) => [stored.uid, stored]));
  for (const change of changes) {
    if (change.kind === "delete") slices.delete(change.stored.uid);
    else if (change.kind === "update")
      slices.set(change.stored.uid, { ...change.stored, slice: change.slice });
    else {
      const name = `s-${slices.size}-${before.length}`;
      slices.set(name, { slice: { ...change.slice, name }, uid: name, resourceVersion: "1" });
    }
  }
  return [...slices.values()];
}
