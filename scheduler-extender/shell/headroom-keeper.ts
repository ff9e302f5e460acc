// Keeps headroom pods as the policy wants them, on the leader. What is there stands in the API, so that the next leader
// goes on with it; what is short it learns anew from kube-scheduler's questions.

import type { PodUid } from "#model/brand.ts";
import type { PodView } from "#model/cluster-view.ts";
import type { ClusterChange } from "#kube/cluster-cache.ts";
import type { LedgerView } from "#model/ledger.ts";
import { isNotFound, KubeApiError } from "#kube/api-error.ts";
import type { KubeConnection } from "#kube/connection.ts";
import { LogGate } from "#kube/log-gate.ts";
import { PODS, resourcePath } from "#kube/resource-path.ts";
import type { Cancel, Clock } from "#runtime/clock.ts";
import type { Logger } from "#runtime/logger.ts";
import { OperationError } from "#runtime/operation-error.ts";
import {
  DEFAULT_HEADROOM_LIMITS,
  type HeadroomEffect,
  type HeadroomLimits,
  headroomSteps,
  type Shortage,
} from "../policy/headroom.ts";
import type { FilterResult } from "../policy/verbs.ts";
import type { HeadroomMetrics } from "./headroom-metrics.ts";
import { headroomPod, type HeadroomPodOptions } from "./headroom-pod.ts";

export interface HeadroomKeeperOptions extends HeadroomPodOptions {
  readonly connection: Pick<KubeConnection, "get" | "create" | "delete">;
  readonly ledger: LedgerView;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: (headroomPods: () => number) => HeadroomMetrics;
  readonly podsMax: number;
  /** Leads, and its view of the cluster can be trusted. */
  readonly mayAct: () => boolean;
}

const LOOK_MS = 2_000;
/** Two requests each, every two seconds: what is missing costs an autoscaler minutes anyway. */
const WRITES_PER_LOOK_MAX = 10;
/** Pods that are short at once; a headroom pod of each of the first hundreds is more than anyone adds nodes for. */
const SHORTAGES_MAX = 1_000;
const LOG_INTERVAL_MS = 60_000;

export class HeadroomKeeper {
  readonly #options: HeadroomKeeperOptions;
  readonly #limits: HeadroomLimits;
  readonly #metrics: HeadroomMetrics;
  readonly #shortages = new Map<PodUid, Shortage>();
  readonly #headroom = new Map<PodUid, PodView>();
  readonly #roomWasThereMs = new Map<PodUid, number>();
  /** Created or deleted, and not seen so by the watch yet. */
  readonly #written = new Map<PodUid, number>();
  readonly #failureGate: LogGate;
  #looking: Promise<void> = Promise.resolve();
  #cancel: Cancel = () => undefined;
  #isActing = false;
  #isStopped = false;

  constructor(options: HeadroomKeeperOptions) {
    this.#options = options;
    this.#limits = { ...DEFAULT_HEADROOM_LIMITS, podsMax: options.podsMax };
    this.#metrics = options.metrics(() => this.#headroom.size);
    this.#failureGate = new LogGate(options.clock, LOG_INTERVAL_MS);
  }

  start(): void {
    if (this.#isStopped) return;
    this.#cancel = this.#options.clock.after(LOOK_MS, () => {
      this.#looking = this.look().finally(() => this.start());
    });
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#cancel();
    await this.#looking;
  }

  /** What filter answered about a mesh pod. */
  filtered(pod: PodView, { passed, rejected }: Pick<FilterResult, "passed" | "rejected">): void {
    if (pod.app === undefined) return;
    const isShort = passed.length === 0 && [...rejected.values()].includes("meshShareDoesNotFit");
    if (isShort) this.#kept(pod.uid);
    else this.#shortages.delete(pod.uid);
  }

  /** A change that was applied to the ledger. */
  changed(change: ClusterChange): void {
    if (change.kind === "pod") this.#seen(change.after, change.before);
  }

  #seen(after: PodView | undefined, before: PodView | undefined): void {
    const pod = after ?? before;
    if (pod === undefined) return;
    if (pod.headroomFor !== undefined) {
      this.#written.delete(pod.headroomFor);
      if (after === undefined || after.isTerminating === true) this.#headroom.delete(pod.uid);
      else this.#headroom.set(pod.uid, after);
    } else if (after === undefined || after.nodeName !== undefined || after.isFinished) {
      this.#shortages.delete(pod.uid);
      this.#roomWasThereMs.delete(pod.uid);
      if (after === undefined) this.#written.delete(pod.uid);
    }
  }

  /** One look at what is there and what is wanted; for tests, too. */
  async look(): Promise<void> {
    const { ledger, clock, mayAct } = this.#options;
    const nowMs = clock.nowMs();
    if (!mayAct()) {
      this.#isActing = false;
      return;
    }
    if (!this.#isActing) this.#takeOver(nowMs);
    this.#isActing = true;
    const shortages = this.#shortages;
    const steps = headroomSteps({
      shortages,
      headroom: [...this.#headroom.values()],
      roomWasThereMs: this.#roomWasThereMs,
      ledger,
      nowMs,
      limits: this.#limits,
    });
    const due = steps.filter((effect) => !this.#isUnderway(effect, nowMs));
    for (const effect of due.slice(0, WRITES_PER_LOOK_MAX)) await this.#carryOut(effect, nowMs);
  }

  // What an earlier leader left is kept until kube-scheduler has asked again, or had the time to.
  #takeOver(nowMs: number): void {
    for (const { headroomFor } of this.#headroom.values())
      if (headroomFor !== undefined && !this.#shortages.has(headroomFor))
        this.#shortages.set(headroomFor, { uid: headroomFor, sinceMs: nowMs, lastMs: nowMs });
  }

  #kept(uid: PodUid): void {
    const nowMs = this.#options.clock.nowMs();
    const sinceMs = this.#shortages.get(uid)?.sinceMs ?? nowMs;
    this.#shortages.delete(uid);
    this.#shortages.set(uid, { uid, sinceMs, lastMs: nowMs });
    if (this.#shortages.size <= SHORTAGES_MAX) return;
    for (const oldest of this.#shortages.keys()) return void this.#shortages.delete(oldest);
  }

  #isUnderway(effect: HeadroomEffect, nowMs: number): boolean {
    const uid = effect.kind === "create" ? effect.pod.uid : effect.headroom.headroomFor;
    const sinceMs = uid === undefined ? undefined : this.#written.get(uid);
    return sinceMs !== undefined && nowMs < sinceMs + this.#limits.patienceMs;
  }

  async #carryOut(effect: HeadroomEffect, nowMs: number): Promise<void> {
    try {
      if (effect.kind === "create") await this.#create(effect, nowMs);
      else await this.#delete(effect, nowMs);
    } catch (error) {
      if (!(error instanceof OperationError)) throw error;
      this.#metrics.failed();
      this.#failureGate.pass((suppressed) =>
        this.#options.logger.warn(
          { effect: effect.kind, error: error.message, suppressed },
          "headroom pod: write failed",
        ),
      );
    }
  }

  async #create({ pod, request }: Extract<HeadroomEffect, { kind: "create" }>, nowMs: number): Promise<void> {
    const { connection } = this.#options;
    const { uid, namespace, name } = pod;
    this.#written.set(uid, nowMs);
    const found = await this.#get(namespace, name);
    if (found?.metadata?.uid !== uid) return;
    await connection.create(resourcePath({ ...PODS, namespace }), headroomPod(found, request, this.#options));
    this.#metrics.created();
  }

  async #get(
    namespace: string,
    name: string,
  ): Promise<{ readonly metadata?: { readonly uid?: string } } | undefined> {
    try {
      return (await this.#options.connection.get(resourcePath({ ...PODS, namespace, name }))) as {
        readonly metadata?: { readonly uid?: string };
      };
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  async #delete(
    { headroom, reason }: Extract<HeadroomEffect, { kind: "delete" }>,
    nowMs: number,
  ): Promise<void> {
    const { uid, namespace, name, headroomFor } = headroom;
    if (headroomFor !== undefined) {
      this.#written.set(headroomFor, nowMs);
      if (reason === "roomIsThere") this.#roomWasThereMs.set(headroomFor, nowMs);
    }
    try {
      const path = resourcePath({ ...PODS, namespace, name });
      await this.#options.connection.delete(path, { gracePeriodSeconds: 0, preconditions: { uid } });
    } catch (error) {
      // Gone already, or another pod by now.
      if (!(error instanceof KubeApiError) || (error.status !== 404 && error.status !== 409)) throw error;
    }
    this.#metrics.deleted(reason);
  }
}
