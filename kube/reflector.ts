// Keeps a local projection of one collection: lists it, follows it by watch, and starts over where the history broke.

import type { Clock } from "#runtime/clock.ts";
import type { Logger } from "#runtime/logger.ts";
import { OperationError } from "#runtime/operation-error.ts";
import { apiErrorFromStatus, isExpired, KubeApiError } from "./api-error.ts";
import { backoffMs } from "./backoff.ts";
import type { KubeConnection } from "./connection.ts";
import { listPages } from "./list-pages.ts";
import { LogGate } from "./log-gate.ts";
import { resourceVersionOf } from "./object-identity.ts";
import { ObservationWaiters } from "./observation-waiters.ts";
import { pause } from "./pause.ts";
import { Projection } from "./projection.ts";
import type { ProjectionHandlers } from "./projection.ts";
import { StallGuard } from "./stall-guard.ts";

export interface ReflectorOptions<T> {
  readonly connection: Pick<KubeConnection, "request" | "watch">;
  /** Of the collection; see resource-path.ts. */
  readonly path: string;
  readonly query?: { readonly labelSelector?: string; readonly fieldSelector?: string };
  /** Keeps what is needed of one object; the raw object is dropped at once. An object it throws on counts as absent. */
  readonly decode: (raw: unknown) => T;
  readonly handlers: ReflectorHandlers<T>;
  /** The machine's time: backoff and the watch's age, not the simulated world's. */
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
  /** For logs. */
  readonly name: string;
  readonly pageSize?: number;
  /** The server is asked to end a watch after one to two times this, at random. */
  readonly watchTimeoutSeconds?: number;
}

export interface ReflectorHandlers<T> extends ProjectionHandlers<T> {
  /** After each full list has been applied. */
  synced?(): void;
}

export class Reflector<T> {
  readonly #options: ReflectorOptions<T>;
  readonly #projection: Projection<T>;
  readonly #waiters = new ObservationWaiters();
  readonly #stopping = new AbortController();
  readonly #firstSync = Promise.withResolvers<void>();
  readonly #decodeGate: LogGate;
  readonly #failureGate: LogGate;
  #running: Promise<void> | undefined;
  #resourceVersion = "";
  #lastContactMs = Number.NEGATIVE_INFINITY;
  #isSynced = false;
  #mustList = true;
  #decodeFailures = 0;
  /** Attempts in a row that did not end in a watch that lasted. */
  #failures = 0;

  constructor(options: ReflectorOptions<T>) {
    this.#options = options;
    this.#decodeGate = new LogGate(options.clock, LOG_INTERVAL_MS);
    this.#failureGate = new LogGate(options.clock, LOG_INTERVAL_MS);
    this.#projection = new Projection({
      decode: options.decode,
      handlers: options.handlers,
      decodeFailed: (key, error) => this.#decodeFailed(key, error),
    });
    // Whoever waits for the first sync sees its failure; without a waiter it is not an unhandled rejection.
    this.#firstSync.promise.catch(() => undefined);
  }

  /** Begins to follow the collection; a second call does nothing. A programmer error in a handler ends the process. */
  start(): void {
    this.#running ??= this.#run();
  }

  /** Ends the watch. The projection stays readable, and pending waits reject with KubeReflectorStopped. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    const error = new OperationError(
      "KubeReflectorStopped",
      `the reflector of ${this.#options.name} was stopped`,
    );
    this.#firstSync.reject(error);
    this.#waiters.abandon(error);
    await this.#running;
  }

  /** Resolves once the first full list has been applied. */
  whenSynced(): Promise<void> {
    return this.#firstSync.promise;
  }

  /** Resolves once a list, an event or a bookmark at or past that version was applied; for paced replays. */
  whenObserved(resourceVersion: number): Promise<void> {
    if (this.#isSynced && Number(this.#resourceVersion) >= resourceVersion) return Promise.resolve();
    return this.#waiters.wait(resourceVersion);
  }

  /** True from the first full list on; see lastContactMs for how old the copy may be. */
  get isSynced(): boolean {
    return this.#isSynced;
  }

  /** Last seen in a list, an event or a bookmark; empty before the first. */
  get resourceVersion(): string {
    return this.#resourceVersion;
  }

  /** When the server last said something about the collection, on the given clock; −∞ before. */
  get lastContactMs(): number {
    return this.#lastContactMs;
  }

  /** Objects that decode threw on, counted each time one was met. */
  get decodeFailures(): number {
    return this.#decodeFailures;
  }

  get size(): number {
    return this.#projection.size;
  }

  /** By "namespace/name", or "name" for a cluster-scoped kind. */
  get(key: string): T | undefined {
    return this.#projection.get(key);
  }

  values(): IterableIterator<T> {
    return this.#projection.values();
  }

  async #run(): Promise<void> {
    const { clock } = this.#options;
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      let watchStartedMs: number | undefined;
      let failure: OperationError | undefined;
      try {
        if (this.#mustList) await this.#list();
        watchStartedMs = clock.nowMs();
        await this.#watch();
      } catch (error) {
        if (signal.aborted) return;
        if (!(error instanceof OperationError)) throw error;
        failure = error;
      }
      await this.#rest(failure, watchStartedMs === undefined ? 0 : clock.nowMs() - watchStartedMs);
    }
  }

  /** Decides whether the next attempt lists first, and waits before it unless the last watch lasted. */
  async #rest(failure: OperationError | undefined, watchedMs: number): Promise<void> {
    const { clock, random, logger, name } = this.#options;
    const hasLasted = watchedMs >= HEALTHY_WATCH_MS;
    this.#failures = hasLasted ? 0 : this.#failures;
    if (failure !== undefined) this.#mustList ||= isHistoryBroken(failure) || this.#failures >= RESUMES_MAX;
    // A lasting watch that ended as agreed, or outlived the server's history, is no sign of trouble.
    if (hasLasted && (failure === undefined || isExpired(failure))) return;
    this.#failures += 1;
    const retryAfterMs = failure instanceof KubeApiError ? (failure.retryAfterSeconds ?? 0) * 1_000 : 0;
    const delayMs = Math.max(
      backoffMs(this.#failures, random, BACKOFF),
      Math.min(retryAfterMs, RETRY_AFTER_MS_MAX),
    );
    if (failure !== undefined) {
      const { code, message } = failure;
      const mustList = this.#mustList;
      this.#failureGate.pass((suppressed) =>
        logger.warn(
          { collection: name, code, error: message, delayMs, mustList, suppressed },
          "watch interrupted",
        ),
      );
    }
    await pause(clock, delayMs, this.#stopping.signal);
  }

  async #list(): Promise<void> {
    const { pageSize = PAGE_SIZE_DEFAULT } = this.#options;
    // A list that outlived its continue token needs fewer round trips, so each restart doubles the page.
    for (let restarts = 0; ; restarts += 1) {
      try {
        return await this.#listOnce(pageSize * 2 ** restarts);
      } catch (error) {
        if (!isExpired(error) || restarts >= LIST_RESTARTS_MAX) throw error;
      }
    }
  }

  async #listOnce(pageSize: number): Promise<void> {
    const { connection, path, query = {}, clock, handlers } = this.#options;
    const { signal } = this.#stopping;
    this.#projection.beginList();
    let resourceVersion = "";
    for await (const page of listPages(connection, { path, query, pageSize, signal })) {
      signal.throwIfAborted();
      this.#lastContactMs = clock.nowMs();
      for (const raw of page.items) this.#projection.upsert(raw);
      resourceVersion = page.resourceVersion;
    }
    this.#projection.endList();
    this.#mustList = false;
    this.#isSynced = true;
    handlers.synced?.();
    this.#observed(resourceVersion);
    this.#firstSync.resolve();
  }

  async #watch(): Promise<void> {
    const { connection, path, query, clock, random, name } = this.#options;
    const { watchTimeoutSeconds = WATCH_SECONDS_DEFAULT } = this.#options;
    const timeoutSeconds = Math.ceil(watchTimeoutSeconds * (1 + random()));
    const guard = new StallGuard(clock, timeoutSeconds * 1_000 + STALL_MARGIN_MS);
    const signal = AbortSignal.any([this.#stopping.signal, guard.signal]);
    const watchQuery = {
      ...query,
      resourceVersion: this.#resourceVersion,
      allowWatchBookmarks: true,
      timeoutSeconds,
    };
    try {
      for await (const event of connection.watch(path, watchQuery, signal)) {
        if (signal.aborted) break;
        guard.touch();
        this.#lastContactMs = clock.nowMs();
        this.#apply(event as WatchEvent | null);
      }
    } finally {
      guard.stop();
    }
    if (guard.isStalled) {
      throw new OperationError("KubeWatchStalled", `the watch of ${name} said nothing for too long`);
    }
  }

  #apply(event: WatchEvent | null): void {
    switch (event?.type) {
      case "ADDED":
      case "MODIFIED":
        this.#projection.upsert(event.object);
        break;
      case "DELETED":
        this.#projection.remove(event.object);
        break;
      case "BOOKMARK":
        break;
      case "ERROR":
        throw apiErrorFromStatus(event.object);
      default:
        throw new OperationError("KubeMalformed", `unknown watch event ${JSON.stringify(event?.type)}`);
    }
    this.#observed(resourceVersionOf(event.object));
  }

  #observed(resourceVersion: string): void {
    if (resourceVersion === "") return;
    this.#resourceVersion = resourceVersion;
    this.#waiters.observed(Number(resourceVersion));
  }

  #decodeFailed(key: string, error: unknown): void {
    const { logger, name } = this.#options;
    this.#decodeFailures += 1;
    this.#decodeGate.pass((suppressed) =>
      logger.warn({ collection: name, key, error: String(error), suppressed }, "object not understood"),
    );
  }
}

interface WatchEvent {
  readonly type?: unknown;
  readonly object?: unknown;
}

/**
 * True if resuming would meet the same answer again: the version is too old or refused, or a line could not be read.
 * A list shows the present state whatever the history holds.
 */
function isHistoryBroken(failure: OperationError): boolean {
  if (failure instanceof KubeApiError) return failure.status < 500 && failure.status !== 429;
  return failure.code === "KubeMalformed" || failure.code === "KubeLineTooLong";
}

// Large enough that 150,000 pods take 300 requests, small enough that a page parses in some 20 ms.
const PAGE_SIZE_DEFAULT = 500;
// 500 grows to 4,000 per page; a server that cannot deliver that within its history is retried with backoff.
const LIST_RESTARTS_MAX = 3;
// As client-go: five to ten minutes, so that watches of many clients do not end together.
const WATCH_SECONDS_DEFAULT = 300;
// What a loaded server may be late in ending a watch, before it is taken for dead.
const STALL_MARGIN_MS = 15_000;
// A watch shorter than this proves nothing: following it at once could become a hot loop.
const HEALTHY_WATCH_MS = 1_000;
const BACKOFF = { firstMs: 800, maxMs: 30_000 };
// A server may ask for more patience than the backoff's cap, but not for an hour.
const RETRY_AFTER_MS_MAX = 60_000;
// After so many failures in a row the version itself is suspect (a server restored from a backup): list.
const RESUMES_MAX = 5;
// One line a minute tells of a trouble; its count tells how much of it.
const LOG_INTERVAL_MS = 60_000;
