// Whether an instance takes one more connection or request: for requests its concurrency first, then its rate. Both
// count the two directions together, since the quota bounds what the instance costs its node, and a request costs the
// same either way.

import type { Quota } from "#model/mesh-profile.ts";

import { changeLimit, fullBucket, takeToken } from "./rate-limit.ts";
import type { RateLimit, TokenBucket } from "./rate-limit.ts";

/**
 * Requests in progress where the profile sets no bound: each holds two sockets and some tens of kilobytes, and file
 * descriptors belong to the process, not to the instance.
 */
export const CONCURRENCY_MAX_DEFAULT = 4096;
/** Client connections where the profile sets no bound, for the same reason. */
const CONNECTIONS_MAX_DEFAULT = 8192;
/** Clients that give up wait seconds, not minutes; a second in a queue is already a bad one. */
const QUEUE_MS_DEFAULT = 1_000;
/** The sockets of the two ports. */
const PORT_SOCKETS = 2;

export type GateVerdict =
  | { readonly kind: "admitted" }
  | { readonly kind: "rateLimited"; readonly retryAfterSeconds: number }
  | { readonly kind: "concurrencyLimited"; readonly retryAfterSeconds: number };

export type ConnectionVerdict = "admitted" | "connectionsLimited" | "descriptorsLimited";

export interface OpenSockets {
  /** Of clients, the new one not counted. */
  readonly clients: number;
  readonly destinations: number;
}

export class QuotaGate {
  #quota: Quota;
  #limit: RateLimit | undefined;
  #bucket: TokenBucket | undefined;

  constructor(quota: Quota, nowMs: number) {
    this.#quota = quota;
    this.#limit = rateLimitOf(quota);
    this.#bucket = this.#limit === undefined ? undefined : fullBucket(this.#limit, nowMs);
  }

  /** Requests that may wait while the concurrency is used up. */
  get queueMax(): number {
    return this.#quota.queue ?? 0;
  }

  get requestMs(): number | undefined {
    return this.#quota.requestMs;
  }

  get queueMs(): number {
    return this.#quota.queueMs ?? QUEUE_MS_DEFAULT;
  }

  /** Applies a changed profile; a bucket that was empty stays empty, so that a change is no way around the limit. */
  change(quota: Quota, nowMs: number): void {
    const before = this.#limit;
    const after = rateLimitOf(quota);
    this.#quota = quota;
    this.#limit = after;
    if (after === undefined) this.#bucket = undefined;
    else if (before === undefined || this.#bucket === undefined) this.#bucket = fullBucket(after, nowMs);
    else this.#bucket = changeLimit(this.#bucket, { before, after }, nowMs);
  }

  /** Every client keeps a descriptor in reserve for the destination of its requests, which must not be refused later. */
  takeConnection({ clients, destinations }: OpenSockets): ConnectionVerdict {
    const { connections = CONNECTIONS_MAX_DEFAULT, fileDescriptors } = this.#quota;
    if (clients >= connections) return "connectionsLimited";
    const needed = PORT_SOCKETS + clients + 1 + Math.max(clients + 1, destinations);
    return fileDescriptors !== undefined && needed > fileDescriptors ? "descriptorsLimited" : "admitted";
  }

  /** @param inFlight requests in progress. */
  hasRoom(inFlight: number): boolean {
    return inFlight < (this.#quota.concurrency ?? CONCURRENCY_MAX_DEFAULT);
  }

  /** @param inFlight requests in progress, this one not counted. */
  admit(inFlight: number, nowMs: number): GateVerdict {
    // Concurrency is looked at first, because a request it refuses must not use up a token.
    if (!this.hasRoom(inFlight)) {
      return { kind: "concurrencyLimited", retryAfterSeconds: 1 };
    }
    if (this.#limit === undefined || this.#bucket === undefined) return ADMITTED;
    const verdict = takeToken(this.#bucket, this.#limit, nowMs);
    this.#bucket = verdict.bucket;
    if (verdict.kind === "admitted") return ADMITTED;
    return { kind: "rateLimited", retryAfterSeconds: wholeSeconds(verdict.retryAfterMs) };
  }
}

const ADMITTED: GateVerdict = { kind: "admitted" };

/** Retry-After for an app whose rate is zero: an hour stands for "not until the profile changes". */
const RETRY_AFTER_SECONDS_MAX = 3600;

function rateLimitOf(quota: Quota): RateLimit | undefined {
  const { requestsPerSecond } = quota;
  if (requestsPerSecond === undefined) return undefined;
  return { requestsPerSecond, burst: quota.burst ?? requestsPerSecond };
}

function wholeSeconds(ms: number): number {
  return Math.min(RETRY_AFTER_SECONDS_MAX, Math.max(1, Math.ceil(ms / 1000)));
}
