// One run: kube-scheduler and its extender are started, the pods created, and every binding waited for.

import { median, quantile } from "simple-statistics";
import { Agent, request } from "undici";
import { freePort } from "#cli/start/free-port.ts";
import { LEASES, NODES, PODS, resourcePath } from "#kube/resource-path.ts";
import { Reflector } from "#kube/reflector.ts";
import { NOMINATION_ANNOTATION } from "#model/placing-view.ts";
import { systemClock } from "#runtime/clock.ts";
import { silentLogger } from "#runtime/logger.ts";
import { HOST } from "#test/e2e/control-plane.ts";
import { startScheduler } from "#test/e2e/scheduler.ts";
import { colocation, type Colocation } from "./colocation.ts";
import { parseSamples, type Samples, sumOf } from "./metric-samples.ts";
import { eachOf, NAMESPACE, type SchedulerBed, SYSTEM_NAMESPACE } from "./scheduler-bed.ts";
import { processCpuMs } from "./process-cpu.ts";
import type { RunningExtender } from "./scheduler-extenders.ts";
import {
  appsOf,
  type BenchPod,
  createOwners,
  createPod,
  deleteWorkload,
  podsInOrder,
  type Workload,
} from "./scheduler-workload.ts";

export interface RunOptions {
  readonly podCount: number;
  readonly startExtender: (() => Promise<RunningExtender>) | undefined;
  /** Kube-scheduler's default if absent. */
  readonly percentageOfNodesToScore?: number | undefined;
}

export interface RunFigures {
  /** From the first creation to the last binding. */
  readonly podsPerSecond: number;
  /** What kube-scheduler's serial part could do by itself: one by its mean time per pod, its extender's answers included. */
  readonly schedulerPodsPerSecond: number;
  readonly schedulerMsMean: number;
  /** Writes of everyone but the creation of the pods and their owners itself, and but Leases. */
  readonly apiWritesPerPod: number;
  readonly createdToBoundMsP50: number;
  readonly createdToBoundMsP99: number;
  readonly colocation: Colocation;
  /** Pods of nominate mode that were never nominated, or were bound to another node. */
  readonly notAsNominated: number;
  /** Where the time of a machine goes that all of them share. */
  readonly cpuMsPerPod: {
    readonly scheduler: number;
    readonly extender: number | null;
    readonly apiServer: number;
    /** Who creates the pods and watches them. */
    readonly bench: number;
  };
  /** From the first creation to the answer to the last one, the webhook's time included. */
  readonly createdPodsPerSecond: number;
}

/** Without a binding for so long, there will be no more: past kube-scheduler's longest backoff. */
const STALL_MS_MAX = 20_000;
export const WARM_UP_PODS = 160;
/** Above what any of them could use. */
const CLIENT_RATE = { qps: 5_000, burst: 5_000 };

export async function runScheduling(bed: SchedulerBed, options: RunOptions): Promise<RunFigures> {
  const { connection, controlPlane } = bed;
  const extender = await options.startExtender?.();
  const port = await freePort(HOST);
  await forgetLease(bed);
  const scheduler = await startScheduler(controlPlane, connection, {
    ...(extender === undefined ? {} : { extender: { ...extender.address, isIgnorable: false } }),
    // The shipped configuration has every node scored; the default, 0, samples them.
    percentageOfNodesToScore: options.percentageOfNodesToScore ?? 0,
    clientRate: CLIENT_RATE,
    port,
  });
  try {
    // A process that was just started compiles what it runs: an extender in a cluster has been up for days.
    const warmUp = await schedulePods(bed, "warmUp", WARM_UP_PODS);
    const measure = async (): Promise<Measure> => ({
      api: await bed.apiSamples(),
      own: await schedulerSamples(bed, port),
      extenderMs: extender === undefined ? 0 : processCpuMs(extender.pid),
      schedulerMs: processCpuMs(scheduler.pid),
      benchMs: processCpuMs(process.pid),
    });
    const before = await measure();
    const { bindings, createdAllMs } = await schedulePods(bed, "measured", options.podCount);
    const after = await measure();
    const pods = bindings.length;
    const latencies = bindings.map(({ createdMs, boundMs }) => boundMs - createdMs);
    const firstMs = Math.min(...bindings.map(({ createdMs }) => createdMs));
    const lastMs = Math.max(...bindings.map(({ boundMs }) => boundMs));
    const grown = (name: string): number => sumOf(after.own, name) - sumOf(before.own, name);
    const algorithm = "scheduler_scheduling_algorithm_duration_seconds";
    const schedulerMsMean = (1000 * grown(`${algorithm}_sum`)) / grown(`${algorithm}_count`);
    return {
      podsPerSecond: (1000 * pods) / (lastMs - firstMs),
      schedulerPodsPerSecond: 1000 / schedulerMsMean,
      schedulerMsMean,
      apiWritesPerPod: (writes(after.api) - writes(before.api)) / pods - 1,
      createdToBoundMsP50: median(latencies),
      createdToBoundMsP99: quantile(latencies, 0.99),
      colocation: await colocationOf(bed, warmUp.bindings, bindings),
      notAsNominated: bindings.filter(isElsewhere).length,
      cpuMsPerPod: cpuPerPod({ before, after, pods, hasExtender: extender !== undefined }),
      createdPodsPerSecond: (1000 * pods) / (createdAllMs - firstMs),
    };
  } finally {
    await scheduler.stop();
    await extender?.stop();
    await deleteWorkload(connection);
  }
}

function isElsewhere({ pod }: Binding): boolean {
  const { metadata, spec } = pod as WatchedPod;
  return metadata.annotations?.[NOMINATION_ANNOTATION] !== spec.nodeName;
}

interface Measure {
  readonly api: Samples;
  /** kube-scheduler's. */
  readonly own: Samples;
  readonly extenderMs: number;
  readonly schedulerMs: number;
  readonly benchMs: number;
}

interface Span {
  readonly before: Measure;
  readonly after: Measure;
  readonly pods: number;
  readonly hasExtender: boolean;
}

function cpuPerPod({ before, after, pods, hasExtender }: Span): RunFigures["cpuMsPerPod"] {
  const apiServerMs = ({ api }: Measure): number => 1000 * sumOf(api, "process_cpu_seconds_total");
  return {
    scheduler: (after.schedulerMs - before.schedulerMs) / pods,
    extender: hasExtender ? (after.extenderMs - before.extenderMs) / pods : null,
    apiServer: (apiServerMs(after) - apiServerMs(before)) / pods,
    bench: (after.benchMs - before.benchMs) / pods,
  };
}

interface Binding {
  readonly createdMs: number;
  readonly boundMs: number;
  readonly pod: unknown;
}

async function schedulePods(bed: SchedulerBed, workload: Workload, podCount: number): Promise<Scheduled> {
  const owners = await createOwners(bed.connection, appsOf(podCount, workload));
  return createAndBind(bed, podsInOrder(podCount, workload), owners);
}

interface Scheduled {
  readonly bindings: readonly Binding[];
  /** When the last creation was answered. */
  readonly createdAllMs: number;
}

// Binding by binding, in the order in which the watch shows them.
async function createAndBind(
  { connection }: SchedulerBed,
  pods: readonly BenchPod[],
  owners: ReadonlyMap<string, string>,
): Promise<Scheduled> {
  const createdMs = new Map<string, number>();
  const bound = new Map<string, Binding>();
  const done = Promise.withResolvers<void>();
  const stalled = setTimeout(() => {
    done.reject(new Error(`after ${bound.size} of ${pods.length} pods no more are bound`));
  }, STALL_MS_MAX);
  const watch = new Reflector<WatchedPod>({
    connection,
    path: resourcePath({ ...PODS, namespace: NAMESPACE }),
    decode: (raw) => raw as WatchedPod,
    handlers: {
      upserted(pod) {
        const { name } = pod.metadata;
        if (pod.spec.nodeName === undefined || bound.has(name) || !createdMs.has(name)) return;
        const boundMs = performance.now();
        bound.set(name, { createdMs: createdMs.get(name) ?? boundMs, boundMs, pod });
        stalled.refresh();
        if (bound.size === pods.length) done.resolve();
      },
      deleted: () => undefined,
    },
    clock: systemClock(),
    random: Math.random,
    logger: silentLogger,
    name: "pods to bind",
  });
  try {
    watch.start();
    await watch.whenSynced();
    await eachOf(pods, (pod) => {
      createdMs.set(pod.name, performance.now());
      return createPod(connection, pod, owners.get(pod.app) ?? "");
    });
    const createdAllMs = performance.now();
    await done.promise;
    return { bindings: [...bound.values()], createdAllMs };
  } finally {
    clearTimeout(stalled);
    await watch.stop();
  }
}

interface WatchedPod {
  readonly metadata: { readonly name: string; readonly annotations?: Readonly<Record<string, string>> };
  readonly spec: { readonly nodeName?: string };
}

// One that was killed would otherwise be waited for.
export async function forgetLease({ connection }: Pick<SchedulerBed, "connection">): Promise<void> {
  const path = resourcePath({ ...LEASES, namespace: "kube-system", name: "kube-scheduler" });
  await connection.delete(path).catch(() => undefined);
}

async function colocationOf(
  { connection }: SchedulerBed,
  earlier: readonly Binding[],
  bindings: readonly Binding[],
): Promise<Colocation> {
  const list = async (path: string): Promise<readonly unknown[]> =>
    ((await connection.get(path)) as { items: readonly unknown[] }).items;
  return colocation({
    nodes: await list(resourcePath(NODES)),
    pods: [
      ...(await list(resourcePath({ ...PODS, namespace: SYSTEM_NAMESPACE }))),
      ...earlier.map(({ pod }) => pod),
    ],
    bound: bindings.map(({ pod }) => pod),
  });
}

const WRITE_VERBS: ReadonlySet<string> = new Set(["POST", "PUT", "PATCH", "APPLY", "DELETE"]);
/** What is written by the clock and not by the pod, asks without writing, or is the workload's own beside its pods. */
const NOT_COUNTED: ReadonlySet<string> = new Set([
  "leases",
  "replicasets",
  "subjectaccessreviews",
  "tokenreviews",
]);

function writes(samples: Samples): number {
  return sumOf(
    samples,
    "apiserver_request_total",
    ({ verb = "", resource = "" }) => WRITE_VERBS.has(verb) && !NOT_COUNTED.has(resource),
  );
}

async function schedulerSamples({ controlPlane }: SchedulerBed, port: number): Promise<Samples> {
  const { body } = await request(`https://${HOST}:${port}/metrics`, {
    dispatcher: SELF_SIGNED,
    headers: { authorization: `Bearer ${controlPlane.token}` },
  });
  return parseSamples(await body.text());
}

/** Its certificate is its own, made when it started. */
const SELF_SIGNED = new Agent({ connect: { rejectUnauthorized: false } });
