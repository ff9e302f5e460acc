// The placement controller: follows gated and nominated pods, has their next steps decided in batches, and sends what the
// steps say. Acts on the leader only; where it does not work, admission sets no gates.

import type { ClusterLedger } from "#model/ledger.ts";
import type { ClusterChange } from "#kube/cluster-cache.ts";
import type { KubeConnection } from "#kube/connection.ts";
import type { EventRecorder } from "#kube/events.ts";
import { LogGate } from "#kube/log-gate.ts";
import { TokenBucket } from "#kube/token-bucket.ts";
import { type Cancel, type Clock, systemClock } from "#runtime/clock.ts";
import type { Logger } from "#runtime/logger.ts";
import type { NominateLimits } from "../policy/nominate.ts";
import { LIFT_REASONS, type NominateEffect } from "../policy/nominate-effect.ts";
import { GATED_PODS_MAX, NominateQueue } from "../policy/nominate-queue.ts";
import { extenderEvent } from "./extender-events.ts";
import type { Explanations } from "./explanations.ts";
import type { PlacementMetrics } from "./placement-metrics.ts";
import { writeEffect } from "./placement-writer.ts";

export interface PlacementControllerOptions {
  readonly connection: Pick<KubeConnection, "patch">;
  readonly ledger: ClusterLedger;
  readonly clock: Clock;
  readonly limits: NominateLimits;
  readonly metrics: (gatedPods: () => number) => PlacementMetrics;
  /** Promises whose time was over. */
  readonly promisesExpired: (count: number) => void;
  readonly events: Pick<EventRecorder, "record">;
  readonly logger: Logger;
  /** Absent where nobody asks why. */
  readonly explanations?: Pick<Explanations, "nominating">;
  /** Leads, and its view of the cluster can be trusted. */
  readonly mayAct: () => boolean;
}

/** Pods of one Deployment come in bursts; what arrives within this time is decided together. */
const BATCH_MS = 20;
/** Decisions in one go, in which no verb is answered: a tenth of a millisecond each at 5,000 nodes. */
const BATCH_PODS_MAX = 64;
/**
 * Half of the connection's sockets, so that Lease, ports and Events do not wait behind placements. An API server that
 * takes 100 ms for a write, which a busy one does, takes 320 of these a second.
 */
const WRITES_UNDERWAY_MAX = 32;
/** Two writes per pod: twice what kube-scheduler binds, and well below what an API server takes of one client. */
const WRITE_RATE = { burst: 500, perSecond: 500 };
/** So many failed writes in a row, and gates may not be lifted either: set no more of them until one succeeds. */
const FAILURES_MAX = 5;
/** Leadership comes and goes without an event for this loop. */
const LOOK_MS_MAX = 1_000;
const LOG_INTERVAL_MS = 60_000;

export class PlacementController {
  readonly metrics: PlacementMetrics;
  readonly #options: PlacementControllerOptions;
  readonly #queue = new NominateQueue();
  readonly #writes = new Set<Promise<void>>();
  readonly #machineClock = systemClock();
  readonly #bucket = new TokenBucket(WRITE_RATE, this.#machineClock.nowMs());
  readonly #failureGate = new LogGate(this.#machineClock, LOG_INTERVAL_MS);
  #batch: NodeJS.Timeout | undefined;
  #cancelAlarm: Cancel = () => undefined;
  #failures = 0;
  #isActing = false;
  #isStopped = false;

  constructor(options: PlacementControllerOptions) {
    this.#options = options;
    this.metrics = options.metrics(() => this.#queue.gated);
  }

  /** Gates that are set now will be lifted in time, as far as anyone can tell. */
  get isServing(): boolean {
    return (
      !this.#isStopped &&
      this.#options.mayAct() &&
      this.#failures < FAILURES_MAX &&
      this.#queue.gated < GATED_PODS_MAX
    );
  }

  start(): void {
    this.#lookLater(LOOK_MS_MAX);
  }

  /** A change that was applied to the ledger. */
  changed(change: ClusterChange): void {
    const { ledger, clock } = this.#options;
    if (change.kind === "pod") {
      const { after, before } = change;
      if (after !== undefined) this.#queue.seen(after, { ledger, nowMs: clock.nowMs() });
      else if (before !== undefined) this.#queue.forget(before.uid, ledger);
      if (mayMakeRoom(change)) this.#queue.roomChanged();
    } else if (change.kind !== "owner") this.#queue.roomChanged();
    if (this.#queue.size > 0) this.#decideSoon();
  }

  /** Resolves when nothing is due and nothing underway at the present time. */
  async settle(): Promise<void> {
    do {
      this.#decide();
      await Promise.all(this.#writes);
    } while (this.#writes.size > 0);
  }

  /** No more decisions; what was sent is waited for. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#batch);
    this.#cancelAlarm();
    await Promise.all(this.#writes);
    this.#queue.letGo(this.#options.ledger);
  }

  #decideSoon(): void {
    if (this.#isStopped) return;
    this.#batch ??= setTimeout(() => {
      this.#batch = undefined;
      this.#decide();
    }, BATCH_MS);
  }

  #decide(): void {
    const { ledger, clock, limits, mayAct, explanations } = this.#options;
    if (this.#isStopped || !mayAct()) {
      this.#isActing = false;
      return this.#lookLater(LOOK_MS_MAX);
    }
    const nowMs = clock.nowMs();
    if (!this.#isActing) this.#queue.restart(nowMs);
    this.#isActing = true;
    this.#options.promisesExpired(ledger.expire(nowMs).length);
    const effects = this.#queue.decide(
      {
        ledger,
        nowMs,
        limits,
        ...(explanations === undefined ? {} : { witnessFor: (pod) => explanations.nominating(pod) }),
      },
      { podsMax: BATCH_PODS_MAX, effectsMax: WRITES_UNDERWAY_MAX - this.#writes.size },
    );
    for (const effect of effects) {
      const writing = this.#write(effect).finally(() => this.#writes.delete(writing));
      this.#writes.add(writing);
    }
    const waitMs = this.#queue.nextLookMs() - nowMs;
    // Until an answer comes there is no place for another write.
    const isFull = this.#writes.size >= WRITES_UNDERWAY_MAX;
    if (waitMs <= 0 && !isFull) this.#decideSoon();
    this.#lookLater(Math.min(LOOK_MS_MAX, Math.max(BATCH_MS, waitMs)));
  }

  #lookLater(ms: number): void {
    if (this.#isStopped) return;
    this.#cancelAlarm();
    this.#cancelAlarm = this.#options.clock.after(ms, () => this.#decide());
  }

  async #write(effect: NominateEffect): Promise<void> {
    const { connection, clock, logger, mayAct } = this.#options;
    while (!this.#bucket.take(this.#machineClock.nowMs())) await this.#permitted();
    // A leader that lost its Lease meanwhile has nothing to say any more.
    const { outcome, message } = mayAct()
      ? await writeEffect(connection, effect)
      : { outcome: "failed" as const, message: "not leading any more" };
    this.#failures = outcome === "failed" ? this.#failures + 1 : 0;
    if (outcome === "failed") {
      const { namespace, name } = effect.pod;
      this.#failureGate.pass((suppressed) =>
        logger.warn({ write: effect.kind, namespace, pod: name, error: message, suppressed }, "write failed"),
      );
    }
    const nowMs = clock.nowMs();
    this.#queue.answered(effect, { outcome, nowMs });
    this.metrics.written(effect, outcome, nowMs);
    if (outcome === "done") this.#tell(effect);
    this.#decideSoon();
  }

  async #permitted(): Promise<void> {
    const waitMs = this.#bucket.waitMs(this.#machineClock.nowMs());
    await new Promise<void>((resolve) => this.#machineClock.after(waitMs, resolve));
  }

  #tell(effect: NominateEffect): void {
    if (effect.kind !== "liftGate" || effect.reason !== "deadline") return;
    const { namespace, name, uid } = effect.pod;
    const event = extenderEvent("PlacementDeadline", {
      subject: { apiVersion: "v1", kind: "Pod", namespace, name, uid },
      message: `${LIFT_REASONS.deadline}: kube-scheduler goes on without a nomination`,
    });
    this.#options.events.record(event);
  }
}

function mayMakeRoom({ after, before }: Extract<ClusterChange, { kind: "pod" }>): boolean {
  // A proxy that became ready or smaller, or a pod that ended or was going to end up somewhere else.
  if (after?.proxy !== undefined) return true;
  const isOver = after === undefined || after.isFinished;
  if (isOver) return before !== undefined && !before.isFinished;
  return before?.nominatedNode !== undefined && before.nominatedNode !== after.nominatedNode;
}
