// The recommender of VerticalPodAutoscalers that name us (`spec.recommenders: [{name: berth}]`), for workloads of any kind and by
// upstream's algorithm. Every interval it reads the objects, their targets' pods and their usage, and writes
// recommendations and checkpoints. Where upstream's definitions are not installed it is off, says so once, and looks
// again. A target that is not found for a while loses nothing: history and recommendation stay.

import { z } from "zod";
import { QuantityError } from "#model/quantity.ts";
import { isNotFound } from "#kube/api-error.ts";
import type { KubeConnection } from "#kube/connection.ts";
import { DecodeError } from "#kube/decode-pod.ts";
import {
  POD_METRICS,
  PODS,
  resourcePath,
  VERTICAL_POD_AUTOSCALER_CHECKPOINTS as CHECKPOINTS,
  VERTICAL_POD_AUTOSCALERS as VPAS,
} from "#kube/resource-path.ts";
import type { Cancel, Clock } from "#runtime/clock.ts";
import type { Logger } from "#runtime/logger.ts";
import { OperationError } from "#runtime/operation-error.ts";
import { vpaRecommendation } from "../policy/vpa-recommendation.ts";
import { checkpointObject, decodeCheckpoint } from "./vpa-checkpoint.ts";
import type { VpaHistory } from "./vpa-history.ts";
import { decodeVpa, type VpaObject } from "./vpa-object.ts";
import { nextVpaStatus } from "./vpa-status.ts";
import { targetPods, type TargetPods } from "./vpa-target.ts";
import { type VpaSampleVerdict, VpaWorkload } from "./vpa-workload.ts";
import { FirstAttempts } from "./first-attempts.ts";
import type { WriteBudget } from "./write-budget.ts";

export interface VpaLoopOptions {
  readonly connection: Pick<KubeConnection, "get" | "create" | "patch">;
  readonly budget: Pick<WriteBudget, "run">;
  readonly clock: Clock;
  readonly intervalMs: number;
  readonly metrics: VpaLoopMetrics;
  readonly logger: Logger;
  readonly mayAct: () => boolean;
  /** Where the past is read from; undefined where it is kept in checkpoints. */
  readonly history?: Pick<VpaHistory, "read"> | undefined;
}

export interface VpaLoopMetrics {
  vpaSample(verdict: VpaSampleVerdict): void;
  vpaObjects(count: number): void;
  historySample(source: "containers", verdict: VpaSampleVerdict): void;
}

/** More objects than this are a mistake, or a cluster that deserves a recommender of its own. */
const OBJECTS_MAX = 2_000;
/** What a restart may lose. */
const CHECKPOINT_EVERY_MS = 5 * 60_000;

export class VpaLoop {
  readonly #options: VpaLoopOptions;
  readonly #workloads = new Map<string, VpaWorkload>();
  #isServed: boolean | undefined;
  #cancel: Cancel = () => undefined;
  #round: Promise<void> = Promise.resolve();
  #isStopped = false;

  constructor(options: VpaLoopOptions) {
    this.#options = options;
  }

  start(): void {
    const { clock, intervalMs } = this.#options;
    this.#cancel = clock.after(intervalMs, () => {
      this.#round = this.#runAndGoOn();
    });
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancel();
  }

  /** Resolves when no round is underway. */
  async settle(): Promise<void> {
    await this.#round;
  }

  // The next interval begins when a round is over, so that a slow API is not asked twice at once.
  async #runAndGoOn(): Promise<void> {
    if (this.#options.mayAct()) await this.#attempt("round", () => this.#run());
    // Another one may act meanwhile: what that one saves is read once we may again.
    else this.#workloads.clear();
    if (!this.#isStopped) this.start();
  }

  async #run(): Promise<void> {
    const { clock, metrics } = this.#options;
    const objects = await this.#objects();
    metrics.vpaObjects(objects.length);
    const unknown = objects.filter((vpa) => !this.#workloads.has(keyOf(vpa)));
    if (unknown.length > 0) await this.#restore(unknown);
    const keys = new Set(objects.map(keyOf));
    for (const key of this.#workloads.keys()) if (!keys.has(key)) this.#workloads.delete(key);
    const nowMs = clock.nowMs();
    for (const vpa of objects) {
      // One object's trouble is not the others'.
      await this.#attempt(keyOf(vpa), () => this.#serve(vpa, nowMs));
      await this.#attempt(keyOf(vpa), () => this.#save(vpa, nowMs));
    }
  }

  async #objects(): Promise<readonly VpaObject[]> {
    const { connection, logger } = this.#options;
    let items: readonly unknown[];
    try {
      const list = (await connection.get(resourcePath(VPAS))) as {
        readonly items?: readonly unknown[] | null;
      };
      items = list.items ?? [];
    } catch (error) {
      if (!isNotFound(error)) throw error;
      if (this.#isServed !== false)
        logger.info("VerticalPodAutoscalers are not served in this cluster; looked for again");
      this.#isServed = false;
      return [];
    }
    if (this.#isServed === false) logger.info("VerticalPodAutoscalers are served in this cluster now");
    this.#isServed = true;
    const objects: VpaObject[] = [];
    for (const item of items) {
      try {
        const vpa = decodeVpa(item);
        if (vpa !== undefined) objects.push(vpa);
      } catch (error) {
        if (!(error instanceof DecodeError)) throw error;
        logger.warn({ error: error.message }, "VerticalPodAutoscaler left out");
      }
    }
    if (objects.length > OBJECTS_MAX)
      logger.warn({ objects: objects.length, max: OBJECTS_MAX }, "too many VerticalPodAutoscalers");
    return objects.slice(0, OBJECTS_MAX);
  }

  async #restore(objects: readonly VpaObject[]): Promise<void> {
    const { connection, clock, logger } = this.#options;
    const workloads = new Map(objects.map((vpa) => [keyOf(vpa), new VpaWorkload()]));
    const { items } = this.#usesCheckpoints
      ? ((await connection.get(resourcePath(CHECKPOINTS))) as {
          readonly items?: readonly unknown[] | null;
        })
      : NOTHING_SAVED;
    for (const item of items ?? []) {
      const saved = decodeCheckpoint(item);
      if (saved === undefined) continue;
      const workload = workloads.get(`${saved.namespace}/${saved.vpa}`);
      if (workload?.history.restore(saved.container, saved.checkpoint, clock.nowMs()) === false)
        logger.warn(
          { vpa: saved.vpa, container: saved.container },
          "checkpoint left out: its histograms are not ours",
        );
    }
    for (const [key, workload] of workloads) this.#workloads.set(key, workload);
  }

  async #serve(vpa: VpaObject, nowMs: number): Promise<void> {
    const { connection, metrics, budget } = this.#options;
    const { namespace, name, target, policies, status } = vpa;
    const workload = this.#workloads.get(keyOf(vpa));
    if (workload === undefined) return;
    const pods = await targetPods(connection, namespace, target);
    const told = (verdict: VpaSampleVerdict): void => metrics.vpaSample(verdict);
    if (pods.kind === "selected") {
      const query = { labelSelector: pods.labelSelector };
      workload.seePods(await connection.get(resourcePath({ ...PODS, namespace }), query), nowMs, told);
      if (!(await this.#isPastKnown(vpa, workload, pods))) return;
      await this.#attempt(keyOf(vpa), async () =>
        workload.seeUsage(
          await connection.get(resourcePath({ ...POD_METRICS, namespace }), query),
          nowMs,
          told,
        ),
      );
    }
    const { history } = workload;
    const next = nextVpaStatus(
      status,
      {
        recommendation: vpaRecommendation(history.byContainer(nowMs), { policies }),
        podCount: history.podCount,
        targetFault: pods.kind === "unknown" ? pods.message : undefined,
      },
      nowMs,
    );
    if (next === undefined) return;
    const path = resourcePath({ ...VPAS, namespace, name, subresource: "status" });
    await budget.run("publish", () => connection.patch(path, { status: next }, { type: "merge" }));
  }

  // Upstream reads either the one or the other, too: what is in both would count twice.
  get #usesCheckpoints(): boolean {
    return this.#options.history === undefined;
  }

  async #isPastKnown(vpa: VpaObject, workload: VpaWorkload, { selector }: SelectedPods): Promise<boolean> {
    const { history, clock, metrics, logger } = this.#options;
    if (history === undefined) return true;
    const told = (verdict: VpaSampleVerdict): void => metrics.historySample("containers", verdict);
    workload.past ??= new FirstAttempts(
      keyOf(vpa),
      async () => {
        const subject = { namespace: vpa.namespace, pods: [...workload.history.pods()], selector };
        workload.remember(await history.read(subject, told), clock.nowMs(), told);
      },
      logger,
    );
    return workload.past.isOver();
  }

  async #save({ namespace, name: vpa, uid }: VpaObject, nowMs: number): Promise<void> {
    const { connection, budget } = this.#options;
    const workload = this.#workloads.get(`${namespace}/${vpa}`);
    if (workload === undefined || !this.#usesCheckpoints || nowMs - workload.savedMs < CHECKPOINT_EVERY_MS)
      return;
    for (const [container, checkpoint] of workload.history.checkpoints(nowMs)) {
      const object = checkpointObject({ namespace, vpa, uid, container, checkpoint }, nowMs);
      const path = resourcePath({ ...CHECKPOINTS, namespace, name: object.metadata.name });
      // The status as a whole: a merge would keep buckets that are empty by now.
      const replace = [{ op: "add", path: "/status", value: object.status }];
      await budget.run("publish", async () => {
        try {
          await connection.patch(path, replace, { type: "json" });
        } catch (error) {
          if (!isNotFound(error)) throw error;
          await connection.create(resourcePath({ ...CHECKPOINTS, namespace }), object);
        }
      });
    }
    workload.savedMs = nowMs;
  }

  // What fails is tried again at the next interval; everything that was learned stays.
  async #attempt(what: string, act: () => Promise<void>): Promise<void> {
    try {
      await act();
    } catch (error) {
      const isExpected =
        error instanceof OperationError || error instanceof z.ZodError || error instanceof QuantityError;
      if (!isExpected) throw error;
      this.#options.logger.warn({ vpa: what, error: error.message }, "VerticalPodAutoscaler not served");
    }
  }
}

type SelectedPods = Extract<TargetPods, { kind: "selected" }>;

const NOTHING_SAVED: { readonly items?: readonly unknown[] | null } = {};

function keyOf({ namespace, name }: Pick<VpaObject, "namespace" | "name">): string {
  return `${namespace}/${name}`;
}
