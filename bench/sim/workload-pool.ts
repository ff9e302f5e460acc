// What the simulator's bench draws its pods from: the apps of Alibaba's contest as services that stay, and Azure's
// batches, which come and go.

import type { Resources } from "#model/resources.ts";
import { loadPodTrace } from "#sim/traces/pod-table.ts";
import { loadTianchiA } from "#sim/traces/tianchi.ts";

export interface WorkloadPool {
  readonly services: readonly ServiceKind[];
  readonly batches: readonly BatchKind[];
}

/** An app whose pods stay. */
export interface ServiceKind {
  readonly pods: number;
  readonly request: Resources;
  readonly maxPerNode: number | undefined;
}

/** Pods of one app that come together, each with its size and its time; undefined for one that stays. */
export interface BatchKind {
  readonly pods: readonly { readonly request: Resources; readonly lifeSeconds: number | undefined }[];
}

/** @throws UsageError for a file that cannot be read. */
export async function tracedPool({
  tianchiA,
  azure,
}: {
  readonly tianchiA: string;
  readonly azure: string;
}): Promise<WorkloadPool> {
  const services = Map.groupBy(await loadTianchiA(tianchiA), ({ app }) => app);
  const batches = Map.groupBy(await loadPodTrace(azure), ({ app }) => app);
  return {
    services: [...services.values()].flatMap((pods) => {
      const [first] = pods;
      return first === undefined
        ? []
        : [{ pods: pods.length, request: first.request, maxPerNode: first.maxPerNode }];
    }),
    batches: [...batches.values()].map((pods) => ({
      pods: pods.map(({ request, createSeconds, deleteSeconds }) => ({
        request,
        lifeSeconds: deleteSeconds === undefined ? undefined : deleteSeconds - createSeconds,
      })),
    })),
  };
}
