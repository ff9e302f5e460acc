// Kubernetes Events: what a component did and why, where `kubectl describe` shows it.
// core/v1 and not events.k8s.io/v1: count, firstTimestamp and lastTimestamp are what kubectl and dashboards sort and
// show, and the newer API leaves them empty and stores the same object. Losing an Event is never an error.

import type { Cancel, Clock } from "#runtime/clock.ts";
import type { Logger } from "#runtime/logger.ts";
import { OperationError } from "#runtime/operation-error.ts";
import { isNotFound } from "./api-error.ts";
import type { KubeConnection } from "./connection.ts";
import { EventSeriesMemory } from "./event-series.ts";
import type { EventSeries, EventSubject, RecordedEvent } from "./event-series.ts";
import { LogGate } from "./log-gate.ts";
import { EVENTS, resourcePath } from "./resource-path.ts";
import { TokenBucket } from "./token-bucket.ts";

export interface EventRecorderOptions {
  readonly connection: Pick<KubeConnection, "create" | "patch">;
  /** Who reports, for example "berth-scheduler-extender". */
  readonly component: string;
  /** Which of its processes: the pod's name. */
  readonly instance: string;
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
}

export class EventRecorder {
  readonly #options: EventRecorderOptions;
  readonly #memory = new EventSeriesMemory();
  readonly #bucket: TokenBucket;
  readonly #dropGate: LogGate;
  readonly #queue: EventSeries[] = [];
  #sending: Promise<void> | undefined;
  #cancelTimer: Cancel | undefined;
  #dropped = 0;
  #isStopped = false;

  constructor(options: EventRecorderOptions) {
    this.#options = options;
    this.#bucket = new TokenBucket(RATE, options.clock.nowMs());
    this.#dropGate = new LogGate(options.clock, LOG_INTERVAL_MS);
  }

  /** Events that were not written: the queue was full, or the API server refused. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Queues the event and returns at once. A repetition within ten minutes raises the count of the first one. */
  record(event: RecordedEvent): void {
    if (this.#isStopped) return;
    const series = this.#memory.count(event, this.#options.clock.nowMs());
    if (series.isQueued) return;
    if (this.#queue.length >= QUEUE_MAX) {
      this.#drop(series, "the queue is full");
      return;
    }
    series.isQueued = true;
    this.#queue.push(series);
    this.#pump();
  }

  /** Resolves when nothing can be sent at the moment: the queue is empty or the rate is used up. */
  async flush(): Promise<void> {
    while (this.#sending !== undefined) await this.#sending;
  }

  /** Sends what the rate still permits and drops the rest. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#cancelTimer?.();
    this.#pump();
    await this.flush();
    this.#cancelTimer?.();
    this.#dropped += this.#queue.length;
    this.#queue.length = 0;
  }

  #pump(): void {
    this.#sending ??= this.#sendQueued().finally(() => {
      this.#sending = undefined;
      // Recorded between the last look at the queue and now.
      if (this.#queue.length > 0) this.#resumeWhenPermitted();
    });
  }

  #resumeWhenPermitted(): void {
    const { clock } = this.#options;
    this.#cancelTimer?.();
    this.#cancelTimer = clock.after(this.#bucket.waitMs(clock.nowMs()), () => this.#pump());
  }

  async #sendQueued(): Promise<void> {
    const { clock } = this.#options;
    while (this.#queue.length > 0 && this.#bucket.take(clock.nowMs())) {
      const series = this.#queue.shift();
      if (series !== undefined) await this.#send(series);
    }
  }

  async #send(series: EventSeries): Promise<void> {
    // Before the request: what is counted while it runs must be queued again.
    series.isQueued = false;
    try {
      if (series.objectName === undefined || !(await this.#update(series, series.objectName))) {
        await this.#create(series);
      }
    } catch (error) {
      if (!(error instanceof OperationError)) throw error;
      this.#drop(series, error.message);
    }
  }

  async #create(series: EventSeries): Promise<void> {
    const { connection, component, instance, random, clock } = this.#options;
    const { subject, type, reason } = series.event;
    const namespace = subject.namespace ?? "default";
    const name = objectName(subject, clock.nowMs(), random);
    await connection.create(resourcePath({ ...EVENTS, namespace }), {
      apiVersion: "v1",
      kind: "Event",
      metadata: { namespace, name },
      involvedObject: subject,
      type,
      reason,
      ...progressOf(series),
      firstTimestamp: timestamp(series.firstMs),
      source: { component, host: instance },
      reportingComponent: component,
      reportingInstance: instance,
    });
    series.objectName = name;
  }

  /** False if the Event has expired meanwhile: the API server keeps Events for an hour by default. */
  async #update(series: EventSeries, name: string): Promise<boolean> {
    const namespace = series.event.subject.namespace ?? "default";
    const path = resourcePath({ ...EVENTS, namespace, name });
    try {
      await this.#options.connection.patch(path, progressOf(series), { type: "merge" });
      return true;
    } catch (error) {
      if (isNotFound(error)) return false;
      throw error;
    }
  }

  #drop(series: EventSeries, why: string): void {
    const { logger } = this.#options;
    const { subject, reason } = series.event;
    this.#dropped += 1;
    this.#dropGate.pass((suppressed) =>
      logger.warn(
        { kind: subject.kind, name: subject.name, reason, error: why, suppressed },
        "event dropped",
      ),
    );
  }
}

function progressOf(series: EventSeries): Readonly<Record<string, unknown>> {
  return {
    count: series.count,
    message: series.event.message.slice(0, MESSAGE_CHARACTERS_MAX),
    lastTimestamp: timestamp(series.lastMs),
  };
}

/** Unique enough without a round trip, and sorted by time under the subject's name. */
function objectName(subject: EventSubject, nowMs: number, random: () => number): string {
  const suffix = `${Math.floor(nowMs).toString(16)}${Math.floor(random() * 2 ** 32).toString(16)}`;
  return `${subject.name.slice(0, SUBJECT_CHARACTERS_MAX)}.${suffix}`;
}

/** metav1.Time has whole seconds. */
function timestamp(timeMs: number): string {
  return new Date(timeMs).toISOString().replace(/\.\d+Z$/, "Z");
}

// Sixty placements in a burst are told one by one; in the long run 3,600 Events an hour is the most that one process
// leaves in etcd, which keeps them for an hour.
const RATE = { burst: 60, perSecond: 1 };
// Waits up to a quarter of an hour at the steady rate; older news is worth less than its place.
const QUEUE_MAX = 1_000;
// The API server refuses longer messages, and names of more than 253 characters.
const MESSAGE_CHARACTERS_MAX = 1_024;
const SUBJECT_CHARACTERS_MAX = 230;
const LOG_INTERVAL_MS = 60_000;
