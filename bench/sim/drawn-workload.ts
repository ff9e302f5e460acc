// A day of a fleet: services that are there from the start and are redeployed now and then, and batches that arrive with
// the time of day.

import { SeededRandom } from "#sim/seeded-random.ts";
import type { Resources } from "#model/resources.ts";
import { redeployedPods } from "#sim/traces/rolling-redeployment.ts";
import { PackedTrace } from "#sim/traces/packed-trace.ts";
import type { TraceNode, TracePods } from "#sim/traces/trace.ts";
import { DAY_SECONDS, drawArrival } from "#sim/traces/workload-figures.ts";
import type { BatchKind, ServiceKind, WorkloadPool } from "./workload-pool.ts";

const GIB = 1024 ** 3;
/** The contest's two shapes, half of the nodes each. */
const SHAPES: readonly Resources[] = [
  { cpuMilli: 32_000, memoryBytes: 64 * GIB },
  { cpuMilli: 92_000, memoryBytes: 288 * GIB },
];

export function mixedNodes(count: number): readonly TraceNode[] {
  return Array.from({ length: count }, (_, index) => ({
    name: `node-${String(index + 1).padStart(6, "0")}`,
    allocatable: SHAPES[index % SHAPES.length] as Resources,
  }));
}

export interface DrawnOptions {
  readonly seed: number;
  readonly pods: number;
  readonly nodes: number;
  /** Of the nodes' CPU, for services. */
  readonly serviceShare: number;
}

const REDEPLOY_SECONDS_MEAN = 14 * DAY_SECONDS;
const SERVICES_START_WITHIN_SECONDS = 3_600;

export function drawnWorkload(
  pool: WorkloadPool,
  { seed, pods: count, nodes, serviceShare }: DrawnOptions,
): TracePods {
  const random = new SeededRandom(seed);
  const pods = new PackedTrace();
  let cpuMilliLeft =
    serviceShare * mixedNodes(nodes).reduce((sum, node) => sum + node.allocatable.cpuMilli, 0);
  for (let index = 1; cpuMilliLeft > 0; index++) {
    const kind = pool.services[random.integer(pool.services.length)] as ServiceKind;
    const { request, maxPerNode } = kind;
    cpuMilliLeft -= kind.pods * request.cpuMilli;
    const service = {
      app: `service-${index}`,
      size: kind.pods,
      request,
      startSeconds: random.integer(SERVICES_START_WITHIN_SECONDS),
      endSeconds: undefined,
    };
    const options = {
      random,
      spanSeconds: DAY_SECONDS,
      redeploySecondsMean: REDEPLOY_SECONDS_MEAN,
      podLimit: 2 * kind.pods,
    };
    for (const pod of redeployedPods(service, options))
      pods.add(maxPerNode === undefined ? pod : { ...pod, maxPerNode });
  }
  for (let index = 1; pods.length < count; index++) {
    const kind = pool.batches[random.integer(pool.batches.length)] as BatchKind;
    const createSeconds = drawArrival(random, DAY_SECONDS);
    for (const [ordinal, { request, lifeSeconds }] of kind.pods.entries()) {
      if (pods.length === count) break;
      pods.add({
        id: `batch-${index}-${ordinal + 1}`,
        app: `batch-${index}`,
        request,
        createSeconds,
        deleteSeconds: lifeSeconds === undefined ? undefined : createSeconds + lifeSeconds,
      });
    }
  }
  pods.close();
  return pods;
}
