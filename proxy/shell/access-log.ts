// The access log inside an instance: a line per request that the sampling takes, collected until the next heartbeat and
// then handed to the host, which writes them. Bounded, and what does not fit is counted.

import { AccessSampler } from "../policy/access-sampler.ts";
import { REASONS } from "../policy/reasons.ts";
import type { ReasonName } from "../policy/reasons.ts";
import type { TraceContext } from "../policy/trace-context.ts";
import type { Direction, InstanceCounters } from "./instance-counters.ts";

export interface AccessLine {
  readonly direction: Direction;
  readonly method: string;
  /** Without its query, which may hold what is nobody's business. */
  readonly path: string;
  /** 0 if no answer could be given. */
  readonly status: number;
  /** On the client's side, heads included. */
  readonly receivedBytes: number;
  readonly sentBytes: number;
  readonly durationMs: number;
  /** Of that, in the queue for the app's concurrency. */
  readonly queuedMs: number;
  /** Of that, while a quota of CPU or bandwidth held the instance's reading. */
  readonly heldMs: number;
  /** Where it went; absent if nowhere. */
  readonly upstream?: string;
  /** Why the proxy refused it or gave it up. */
  readonly reason?: string;
  readonly isThrottled?: true;
  readonly traceId?: string;
}

/** What the exchange knows of its request. */
export interface DescribedRequest {
  readonly method: string;
  readonly target: string;
  readonly receivedBytes: number;
  readonly sentBytes: number;
  readonly upstream: string | undefined;
}

export interface LoggedRequest {
  readonly trace: TraceContext | undefined;
  /** Asked only if there will be a line. */
  describe(): DescribedRequest;
}

/** What its account knows of it. */
export interface AccountedRequest {
  readonly direction: Direction;
  readonly openedMs: number;
  readonly heldSecondsAtOpen: number;
  readonly queuedMs: number;
  readonly statusCode: number;
  readonly reason: ReasonName | undefined;
}

export interface AccessLogOptions {
  readonly counters: InstanceCounters;
  readonly random: () => number;
  readonly send: (lines: readonly AccessLine[]) => void;
}

/** Between two heartbeats; the sampling lets through less in that time, but for one that comes late. */
const LINES_MAX = 300;
const PATH_CHARACTERS_MAX = 256;
const SERVER_ERROR = 500;

export class AccessLog {
  readonly #options: AccessLogOptions;
  readonly #sampler = new AccessSampler();
  #lines: AccessLine[] = [];

  constructor(options: AccessLogOptions) {
    this.#options = options;
  }

  /** @param ratio share of requests that went well; undefined for no log. */
  change(ratio: number | undefined): void {
    this.#sampler.change(ratio);
  }

  get isOn(): boolean {
    return this.#sampler.isOn;
  }

  /** For durations; starts anywhere. */
  get nowMs(): number {
    return performance.now();
  }

  get heldSeconds(): number {
    const { counters } = this.#options;
    return counters.total("cpuHeldSeconds") + counters.total("bandwidthHeldSeconds");
  }

  ended(account: AccountedRequest, request: LoggedRequest): void {
    const { counters, random } = this.#options;
    const { reason, statusCode } = account;
    const sampling = this.#sampler.take({
      isError: reason !== undefined || statusCode >= SERVER_ERROR,
      isTraceSampled: request.trace?.isSampled === true,
      chance: random(),
      nowMs: this.nowMs,
    });
    if (sampling === "skipped") return;
    if (sampling === "left-out" || this.#lines.length >= LINES_MAX)
      counters.addTotal("accessLinesLeftOut", 1);
    else this.#lines.push(this.#line(account, request));
  }

  /** Hands over what has been collected. */
  flush(): void {
    if (this.#lines.length === 0) return;
    this.#options.send(this.#lines);
    this.#lines = [];
  }

  #line(account: AccountedRequest, request: LoggedRequest): AccessLine {
    const { reason, statusCode, direction, queuedMs, openedMs, heldSecondsAtOpen } = account;
    const { method, target, receivedBytes, sentBytes, upstream } = request.describe();
    const { trace } = request;
    return {
      direction,
      method,
      path: pathOf(target),
      status: statusCode,
      receivedBytes,
      sentBytes,
      durationMs: rounded(this.nowMs - openedMs),
      queuedMs: rounded(queuedMs),
      heldMs: rounded((this.heldSeconds - heldSecondsAtOpen) * 1000),
      ...(upstream !== undefined && { upstream }),
      ...(reason !== undefined && { reason: REASONS[reason].code }),
      ...(reason !== undefined && REASONS[reason].outcome === "throttled" && { isThrottled: true }),
      ...(trace !== undefined && { traceId: trace.traceId }),
    };
  }
}

function rounded(ms: number): number {
  return Math.round(Math.max(0, ms) * 1000) / 1000;
}

function pathOf(target: string): string {
  const query = target.indexOf("?");
  return target.slice(0, Math.min(query < 0 ? target.length : query, PATH_CHARACTERS_MAX));
}
