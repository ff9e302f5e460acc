// The slice through the real kube-scheduler, one pod after the other: each is created when the one before it is bound, or
// was turned down and is gone again, so that every decision is made in a known state.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { PODS, resourcePath } from "#kube/resource-path.ts";
import { Reflector } from "#kube/reflector.ts";
import { systemClock } from "#runtime/clock.ts";
import { silentLogger } from "#runtime/logger.ts";
import { ExtenderRecorder, type Exchange } from "#test/e2e/extender-recorder.ts";
import { startScheduler } from "#test/e2e/scheduler.ts";
import { NAMESPACE } from "../scheduler-bed.ts";
import { startBerthExtender } from "../scheduler-extenders.ts";
import { forgetLease } from "../scheduler-run.ts";
import type { FidelityBed } from "./fidelity-bed.ts";
import { type LoggedAttempt, loggedAttempts } from "./scheduler-log.ts";
import type { SlicePod } from "./slice.ts";

/** Without an extender, or with Berth's in score mode; every node is looked at and scored. */
export type FidelityMode = "plain" | "score";

export interface RealDecision {
  /** The pod as the API server had it before it was placed. */
  readonly pod: unknown;
  /** The same once it was bound; undefined if it was turned down. */
  readonly bound: unknown;
  readonly nodeName: string | undefined;
  readonly atMs: number;
  readonly logged: LoggedAttempt;
  /** What the extender was asked about, and what it let pass; undefined where it was not asked. */
  readonly asked: { readonly offered: readonly string[]; readonly passed: readonly string[] } | undefined;
}

const CLIENT_RATE = { qps: 5_000, burst: 5_000 };
/** A decision takes milliseconds; a machine that is busy otherwise may take seconds. */
const DECISION_MS_MAX = 60_000;

export interface RealRunOptions {
  readonly pods: readonly SlicePod[];
  readonly mode: FidelityMode;
  /** 100 as the shipped configuration has it; 0: as kube-scheduler's default has it. */
  readonly percentageOfNodesToScore?: number;
}

export async function runForReal(
  bed: FidelityBed,
  { pods, mode, percentageOfNodesToScore = 100 }: RealRunOptions,
): Promise<readonly RealDecision[]> {
  const { controlPlane, connection } = bed;
  const extender = mode === "score" ? await startBerthExtender(bed, "score") : undefined;
  const recorder = extender && new ExtenderRecorder(extender.certificate, async () => extender.port);
  await forgetLease(bed);
  const scheduler = await startScheduler(controlPlane, connection, {
    ...(recorder === undefined || extender === undefined
      ? {}
      : { extender: { url: await recorder.listen(), ca: extender.address.ca, isIgnorable: false } }),
    percentageOfNodesToScore,
    clientRate: CLIENT_RATE,
    isTalkative: true,
  });
  try {
    const placed = await placeOneByOne(bed, pods);
    const attempts = loggedAttempts(
      readFileSync(join(controlPlane.files.folder, "kube-scheduler.log"), "utf8"),
    );
    const asked = filterCalls(recorder?.exchanges() ?? []);
    return placed.map((decision) => {
      const { name, uid } = (decision.pod as Pod).metadata;
      const call = asked.get(uid);
      return {
        pod: decision.pod,
        bound: decision.bound,
        nodeName: (decision.bound as Pod | undefined)?.spec.nodeName,
        logged: attempts.get(name) ?? { totals: new Map(), scores: new Map(), evaluatedNodes: undefined },
        asked: call,
        atMs: call?.answeredMs ?? decision.atMs,
      };
    });
  } finally {
    await scheduler.stop();
    await recorder?.close();
    await extender?.stop();
    await bed.deletePods();
  }
}

type Placed = Pick<RealDecision, "pod" | "bound" | "atMs">;

async function placeOneByOne(bed: FidelityBed, pods: readonly SlicePod[]): Promise<readonly Placed[]> {
  const verdicts = new Verdicts(bed);
  await verdicts.start();
  try {
    const placed: Placed[] = [];
    for (const pod of pods) {
      const decided = verdicts.of(pod.name);
      const created = await bed.createPod(pod);
      const bound = await decided;
      placed.push({ pod: created, bound, atMs: Date.now() });
      if (bound !== undefined) continue;
      const gone = verdicts.gone(pod.name);
      await bed.deletePod(pod.name);
      await gone;
    }
    return placed;
  } finally {
    await verdicts.stop();
  }
}

/** What the watch shows of each pod: bound, turned down, or gone. */
class Verdicts {
  readonly #decided = new Map<string, PromiseWithResolvers<unknown>>();
  readonly #gone = new Map<string, PromiseWithResolvers<void>>();
  readonly #watch: Reflector<Pod>;

  constructor({ connection }: FidelityBed) {
    this.#watch = new Reflector<Pod>({
      connection,
      path: resourcePath({ ...PODS, namespace: NAMESPACE }),
      decode: (raw) => raw as Pod,
      handlers: {
        upserted: (pod) => {
          if (pod.spec.nodeName !== undefined) this.#decided.get(pod.metadata.name)?.resolve(pod);
          else if (isTurnedDown(pod)) this.#decided.get(pod.metadata.name)?.resolve(undefined);
        },
        deleted: ({ metadata }) => this.#gone.get(metadata.name)?.resolve(),
      },
      clock: systemClock(),
      random: Math.random,
      logger: silentLogger,
      name: "pods to decide on",
    });
  }

  async start(): Promise<void> {
    this.#watch.start();
    await this.#watch.whenSynced();
  }

  stop(): Promise<void> {
    return this.#watch.stop();
  }

  /** The pod once it is bound; undefined once it is turned down. */
  of(name: string): Promise<unknown> {
    return inTime(this.#decided, name, "a decision");
  }

  gone(name: string): Promise<void> {
    return inTime(this.#gone, name, "the deletion");
  }
}

function inTime<T>(waiting: Map<string, PromiseWithResolvers<T>>, name: string, what: string): Promise<T> {
  const awaited = Promise.withResolvers<T>();
  waiting.set(name, awaited);
  const timer = setTimeout(() => awaited.reject(new Error(`no news of ${what} on ${name}`)), DECISION_MS_MAX);
  return awaited.promise.finally(() => {
    clearTimeout(timer);
    waiting.delete(name);
  });
}

function isTurnedDown({ status }: Pod): boolean {
  return (
    status?.conditions?.some(({ type, reason }) => type === "PodScheduled" && reason === "Unschedulable") ===
    true
  );
}

interface Pod {
  readonly metadata: { readonly name: string; readonly uid: string };
  readonly spec: { readonly nodeName?: string };
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly reason?: string }[] };
}

interface FilterCall {
  readonly offered: readonly string[];
  readonly passed: readonly string[];
  readonly answeredMs: number;
}

/** By the pod's uid; the last call where there were several. */
function filterCalls(exchanges: readonly Exchange[]): ReadonlyMap<string, FilterCall> {
  const calls = new Map<string, FilterCall>();
  for (const { verb, request, reply, answeredMs } of exchanges) {
    if (verb !== "filter") continue;
    const { Pod, NodeNames } = request as { Pod: Pod; NodeNames: readonly string[] };
    const passed = (reply as { NodeNames: readonly string[] | null }).NodeNames ?? [];
    calls.set(Pod.metadata.uid, { offered: NodeNames, passed, answeredMs });
  }
  return calls;
}
