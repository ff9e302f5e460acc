// Leader election by a coordination.k8s.io/v1 Lease: one of several processes acts, the others stand by.

import type { Cancel, Clock } from "#runtime/clock.ts";
import type { Logger } from "#runtime/logger.ts";
import { OperationError } from "#runtime/operation-error.ts";
import { isAlreadyExists, isConflict, isNotFound } from "./api-error.ts";
import type { KubeConnection } from "./connection.ts";
import {
  decideLease,
  heldRecord,
  leaseRecordOf,
  leaseSpec,
  observeLease,
  releasedRecord,
} from "./lease-record.ts";
import type { LeaseRecord, ObservedLease } from "./lease-record.ts";
import { LogGate } from "./log-gate.ts";
import { pause } from "./pause.ts";
import { LEASES, resourcePath } from "./resource-path.ts";

export interface LeaderElectorOptions {
  readonly connection: Pick<KubeConnection, "request">;
  readonly namespace: string;
  readonly name: string;
  /** Unique per process: two with the same identity would both lead. */
  readonly identity: string;
  /** The machine's time. */
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
  /** Called synchronously when this process begins, and ceases, to lead; stop() counts as ceasing. */
  readonly onStarted: () => void;
  readonly onLost: () => void;
}

export class LeaderElector {
  readonly #options: LeaderElectorOptions;
  readonly #stopping = new AbortController();
  readonly #failureGate: LogGate;
  #running: Promise<void> | undefined;
  #observed: ObservedLease | undefined;
  #held: HeldLease | undefined;
  #cancelDeadline: Cancel = () => undefined;

  constructor(options: LeaderElectorOptions) {
    this.#options = options;
    this.#failureGate = new LogGate(options.clock, LOG_INTERVAL_MS);
  }

  /**
   * True while nobody else can hold the lease by its rules. Looks at the time, so that a process that was frozen does
   * not act on leadership it has lost meanwhile.
   */
  get isLeader(): boolean {
    return this.#held !== undefined && this.#options.clock.nowMs() < this.#held.renewedMs + RENEW_DEADLINE_MS;
  }

  /** The last seen holder's identity, ours included; undefined before the first look or after a release. */
  get holder(): string | undefined {
    const holder = this.#observed?.record.holder;
    return holder === "" ? undefined : holder;
  }

  /** Begins to stand for election; a second call does nothing. */
  start(): void {
    this.#running ??= this.#run();
  }

  /** Ceases to lead, and gives the lease back so that the next leader need not wait for its expiry. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#lose();
    // A write in flight may still acquire the lease, so what to release is known only after it.
    await this.#running;
    if (this.#observed?.record.holder === this.#options.identity) await this.#release();
  }

  async #run(): Promise<void> {
    const { clock } = this.#options;
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      try {
        await this.#attempt();
      } catch (error) {
        if (!(error instanceof OperationError)) throw error;
        // Losing a race for the lease is how it is meant to work; the next look shows who won.
        if (!signal.aborted && !isConflict(error) && !isAlreadyExists(error)) this.#warn(error);
      }
      await pause(clock, this.#held === undefined ? this.#candidatePauseMs() : RENEW_MS, signal);
    }
  }

  // A lease counts from when it was last seen renewed, so that looking often and being there when it ends is what makes
  // a failover short. Candidates that grasp at the same moment are told apart by the API server.
  #candidatePauseMs(): number {
    const { clock, random } = this.#options;
    const lookMs = CANDIDATE_LOOK_MS * (1 + random() * CANDIDATE_JITTER);
    if (this.#observed === undefined) return lookMs;
    const { record, observedMs } = this.#observed;
    const leftMs = observedMs + record.durationSeconds * 1_000 - clock.nowMs();
    return leftMs > 0 ? Math.min(lookMs, leftMs) : lookMs;
  }

  /** Looks at the lease once and takes, renews or leaves it. */
  async #attempt(): Promise<void> {
    const { clock, identity } = this.#options;
    const current = await this.#read();
    this.#observed =
      current === undefined ? undefined : observeLease(this.#observed, leaseRecordOf(current), clock.nowMs());
    // Taken before the request, so that the lease others see never ends before ours does.
    const nowMs = clock.nowMs();
    if (decideLease(this.#observed, { identity, nowMs }) === "wait") {
      this.#lose();
      return;
    }
    const record = heldRecord(this.#observed?.record, { identity, durationSeconds: LEASE_SECONDS, nowMs });
    const written = await this.#write(record, current);
    this.#observed = observeLease(this.#observed, leaseRecordOf(written), clock.nowMs());
    // An answer that took longer than the deadline proves nothing about the present.
    if (!this.#stopping.signal.aborted && clock.nowMs() < nowMs + RENEW_DEADLINE_MS) this.#hold(nowMs);
  }

  #hold(renewedMs: number): void {
    const { clock, logger, identity, onStarted } = this.#options;
    this.#cancelDeadline();
    const wasLeader = this.#held !== undefined;
    this.#held = { renewedMs };
    this.#cancelDeadline = clock.after(renewedMs + RENEW_DEADLINE_MS - clock.nowMs(), () => this.#lose());
    if (wasLeader) return;
    logger.info({ lease: this.#options.name, identity }, "leading");
    onStarted();
  }

  #lose(): void {
    this.#cancelDeadline();
    if (this.#held === undefined) return;
    this.#held = undefined;
    this.#options.logger.warn({ lease: this.#options.name, holder: this.holder }, "no longer leading");
    this.#options.onLost();
  }

  async #release(): Promise<void> {
    const { identity, clock } = this.#options;
    try {
      const current = await this.#read();
      if (current === undefined) return;
      const record = leaseRecordOf(current);
      if (record.holder !== identity) return;
      await this.#write(releasedRecord(record, clock.nowMs()), current);
    } catch (error) {
      if (!(error instanceof OperationError)) throw error;
      // Nothing is lost but time: the lease expires by itself.
      this.#warn(error);
    }
  }

  async #read(): Promise<RawLease | undefined> {
    try {
      return (await this.#request("GET", undefined)) as RawLease | undefined;
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  /** Creates the lease, or replaces it as it was read: its labels and whatever else stands in it are kept. */
  #write(record: LeaseRecord, current: RawLease | undefined): Promise<unknown> {
    if (current !== undefined) {
      return this.#request("PUT", { ...current, spec: { ...current.spec, ...leaseSpec(record) } });
    }
    const { namespace, name } = this.#options;
    const created = { apiVersion: "coordination.k8s.io/v1", kind: "Lease", metadata: { namespace, name } };
    return this.#request("POST", { ...created, spec: leaseSpec(record) });
  }

  #request(method: "GET" | "POST" | "PUT", body: unknown): Promise<unknown> {
    const { connection, namespace, name } = this.#options;
    const path = resourcePath(method === "POST" ? { ...LEASES, namespace } : { ...LEASES, namespace, name });
    return connection.request({ method, path, body, timeoutMs: REQUEST_MS_MAX });
  }

  #warn(error: OperationError): void {
    const { logger, name } = this.#options;
    this.#failureGate.pass((suppressed) =>
      logger.warn({ lease: name, code: error.code, error: error.message, suppressed }, "lease not written"),
    );
  }
}

/** As read; leaseRecordOf checks what it uses. */
interface RawLease {
  readonly spec?: object | null;
}

interface HeldLease {
  /** When the request that last renewed it was sent. */
  readonly renewedMs: number;
}

// client-go's defaults, as kube-scheduler's own leader election: others wait 15 s, the holder gives up after 10.
const LEASE_SECONDS = 15;
const RENEW_DEADLINE_MS = 10_000;
const RENEW_MS = 2_000;
// More often than client-go's 2 to 4.4 s: what a candidate has not seen yet adds to the time without a leader. One small
// read a second for each.
const CANDIDATE_LOOK_MS = 1_000;
const CANDIDATE_JITTER = 0.2;
// Two of them (read, write) and a retry fit into the renew deadline.
const REQUEST_MS_MAX = 3_000;
const LOG_INTERVAL_MS = 60_000;
