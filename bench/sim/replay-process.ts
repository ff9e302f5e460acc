// A replay in a process of its own: the memory that it takes at the most is then its own, and not what another one left.

import { keepHeapTight } from "#runtime/tight-heap.ts";
import { UsageError } from "#runtime/usage-error.ts";
import { placementPolicies } from "#sim/engine/policies.ts";
import { replay } from "#sim/engine/replay.ts";
import type { TracePods } from "#sim/traces/trace.ts";
import { childAnswer } from "../child-answer.ts";
import { mixedNodes } from "./drawn-workload.ts";
import { workloadFrom, WORKLOAD_SEED, type WorkloadTraces } from "./workload.ts";

export interface ReplayOrder {
  /** Generated pods if absent. */
  readonly traces: WorkloadTraces | undefined;
  readonly nodes: number;
  readonly podsPerNode: number;
  /** The one in the middle by its seconds counts. */
  readonly runs: number;
}

export interface MeasuredReplay {
  readonly workload: string;
  readonly nodes: number;
  readonly pods: number;
  readonly unplaced: number;
  readonly waitingMax: number;
  readonly seconds: number;
  readonly cpuSeconds: number;
  /** Of the whole process, at the most; the drawing of the pods is in it. */
  readonly rssBytes: number;
  readonly eventsPerSecond: number;
  readonly evaluationsPerPod: number;
  readonly nodesUsed: number;
  readonly instances: number;
  readonly overcommits: number;
  readonly capViolations: number;
}

type Answer =
  | { readonly kind: "measured"; readonly measured: MeasuredReplay }
  | { readonly kind: "refused"; readonly reason: string };

/** The first run compiles the code and is not counted. */
const WARM_UP_NODES = 200;

/** @throws UsageError for a trace that cannot be read. */
export async function replayedAlone(order: ReplayOrder): Promise<MeasuredReplay> {
  const answer = await childAnswer<Answer>(new URL(import.meta.url), order);
  if (answer.kind === "refused") throw new UsageError(answer.reason);
  return answer.measured;
}

async function measured({ traces, nodes, podsPerNode, runs }: ReplayOrder): Promise<MeasuredReplay> {
  const { warmUp, pods, name } = await drawn(traces, nodes, podsPerNode);
  measuredReplay(warmUp, WARM_UP_NODES);
  const all = Array.from({ length: runs }, () => measuredReplay(pods, nodes));
  const sorted = all.sort((a, b) => a.seconds - b.seconds);
  const middle = sorted[Math.floor(sorted.length / 2)] as ReturnType<typeof measuredReplay>;
  return { workload: name, ...middle, rssBytes: process.resourceUsage().maxRSS * 1024 };
}

/** What the pods are drawn from is not kept while they are replayed. */
async function drawn(traces: WorkloadTraces | undefined, nodes: number, podsPerNode: number) {
  const { name, podsOn } = await workloadFrom(traces);
  return { name, warmUp: podsOn(WARM_UP_NODES, podsPerNode), pods: podsOn(nodes, podsPerNode) };
}

function measuredReplay(pods: TracePods, nodes: number) {
  const policy = placementPolicies().find(({ name }) => name === "berth");
  if (policy === undefined) throw new Error("Berth's policy is among the policies");
  const fleet = { kind: "fixed", nodes: mixedNodes(nodes) } as const;
  const startedMs = performance.now();
  const cpuBefore = process.cpuUsage();
  const result = replay({ pods, policy, fleet, seed: WORKLOAD_SEED });
  const seconds = (performance.now() - startedMs) / 1000;
  const { user, system } = process.cpuUsage(cpuBefore);
  return {
    nodes,
    pods: pods.length,
    unplaced: result.pods.unplaced,
    waitingMax: result.pods.waitingMax,
    seconds,
    cpuSeconds: (user + system) / 1e6,
    eventsPerSecond: result.events / seconds,
    evaluationsPerPod: result.evaluations / pods.length,
    nodesUsed: result.peak.nodesUsed,
    instances: result.peak.instances,
    overcommits: result.overcommits,
    capViolations: result.capViolations,
  };
}

async function answer(order: ReplayOrder): Promise<void> {
  let told: Answer;
  try {
    told = { kind: "measured", measured: await measured(order) };
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    told = { kind: "refused", reason: error.message };
  }
  process.send?.(told, () => process.disconnect());
}

if (import.meta.main && process.send !== undefined) {
  keepHeapTight();
  process.once("message", (order) => void answer(order as ReplayOrder));
}
