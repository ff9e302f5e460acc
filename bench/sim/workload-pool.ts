// What the simulator's bench draws its pods from: the apps of Alibaba's contest as services that stay, and Azure's
// batches, which come and go.

import type { Resources } from "#model/resources.ts";
import { readPodTable } from "#sim/traces/pod-table.ts";
import { readTianchiA } from "#sim/traces/tianchi.ts";

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
  readonly pods: readonly BatchPod[];
}

interface BatchPod {
  readonly request: Resources;
  readonly lifeSeconds: number | undefined;
}

/**
 * Row by row: what is not drawn from is not kept, not even for the moment, since a replay is judged by its memory.
 *
 * @throws UsageError for a file that cannot be read.
 */
export async function tracedPool({
  tianchiA,
  azure,
}: {
  readonly tianchiA: string;
  readonly azure: string;
}): Promise<WorkloadPool> {
  return { services: await servicesOf(tianchiA), batches: await batchesOf(azure) };
}

type CountedService = { -readonly [K in keyof ServiceKind]: ServiceKind[K] };

async function servicesOf(path: string): Promise<readonly ServiceKind[]> {
  const services = new Map<string, CountedService>();
  for await (const { app, request, maxPerNode } of readTianchiA(path)) {
    const known = services.get(app);
    if (known === undefined) services.set(app, { pods: 1, request, maxPerNode });
    else known.pods++;
  }
  return [...services.values()];
}

async function batchesOf(path: string): Promise<readonly BatchKind[]> {
  const batches = new Map<string, BatchPod[]>();
  const sizes = new Map<string, Resources>();
  for await (const { app, request, createSeconds, deleteSeconds } of readPodTable(path, EACH_ROW)) {
    const key = `${request.cpuMilli} ${request.memoryBytes}`;
    const size = sizes.get(key) ?? request;
    if (size === request) sizes.set(key, size);
    const lifeSeconds = deleteSeconds === undefined ? undefined : deleteSeconds - createSeconds;
    const pods = batches.get(app);
    if (pods === undefined) batches.set(app, [{ request: size, lifeSeconds }]);
    else pods.push({ request: size, lifeSeconds });
  }
  return [...batches.values()].map((pods) => ({ pods }));
}

/** Ids are not drawn, so that one that stands twice does no harm. */
const EACH_ROW = { duplicateWindow: 1 };
