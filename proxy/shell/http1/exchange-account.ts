// What an exchange is counted as, and what it holds while it lasts: a place among the requests in progress, and a pod.

import type { ReasonName } from "../../policy/reasons.ts";
import type { Leave } from "../admission.ts";
import type { AccessLog, AccountedRequest, LoggedRequest } from "../access-log.ts";
import type { Direction, InstanceCounters } from "../instance-counters.ts";

/** What an exchange holds of its destination. */
export interface Lease {
  /** The head of the destination's answer has come. */
  answerBegun?(statusCode: number): void;
  /** The exchange fails, for the destination's sake or another's. */
  failed?(reason: ReasonName): void;
  /** It is over. */
  release(): void;
}

export interface AccountOptions {
  readonly counters: InstanceCounters;
  readonly direction: Direction;
  readonly accessLog: AccessLog;
}

const UNOPENED = -1;

export class ExchangeAccount {
  readonly #counters: InstanceCounters;
  readonly #direction: Direction;
  #leave: Leave | undefined;
  #lease: Lease | undefined;
  #isGivenUp = false;
  readonly #log: AccessLog;
  readonly #request: LoggedRequest;
  #openedMs = 0;
  #heldSecondsAtOpen = 0;
  #queuedMs = 0;
  #statusCode = 0;
  #reason: ReasonName | undefined;

  constructor({ counters, direction, accessLog }: AccountOptions, request: LoggedRequest) {
    this.#counters = counters;
    this.#direction = direction;
    this.#log = accessLog;
    this.#request = request;
  }

  open(): void {
    this.#isGivenUp = false;
    if (this.#log.isOn) {
      this.#openedMs = this.#log.nowMs;
      this.#heldSecondsAtOpen = this.#log.heldSeconds;
    } else this.#openedMs = UNOPENED;
    this.#queuedMs = 0;
    this.#statusCode = 0;
    this.#reason = undefined;
    this.#counters.add(this.#direction, "requests", 1);
    this.#counters.add(this.#direction, "inFlight", 1);
  }

  /** To be called when the exchange is over. */
  holdPlace(leave: Leave): void {
    this.#leave = leave;
  }

  holdPod(lease: Lease | undefined): void {
    this.#lease = lease;
  }

  queued(queuedMs: number): void {
    this.#queuedMs = queuedMs;
    this.#counters.addQueued(this.#direction, queuedMs);
  }

  repeated(): void {
    this.#counters.add(this.#direction, "retries", 1);
  }

  answerBegun(statusCode: number): void {
    this.#lease?.answerBegun?.(statusCode);
  }

  refused(reason: ReasonName): void {
    this.#reason ??= reason;
    this.#lease?.failed?.(reason);
    this.#counters.addReason(this.#direction, reason);
  }

  answered(statusCode: number): void {
    this.#statusCode = statusCode;
    this.#counters.addResponse(this.#direction, statusCode);
  }

  /** Why an answer did not reach its end; the first reason is the right one. */
  givenUp(reason: ReasonName): void {
    if (this.#isGivenUp) return;
    this.#isGivenUp = true;
    this.#reason ??= reason;
    this.#lease?.failed?.(reason);
    this.#counters.addReason(this.#direction, reason);
  }

  close(): void {
    const leave = this.#leave;
    const lease = this.#lease;
    this.#leave = undefined;
    this.#lease = undefined;
    this.#counters.add(this.#direction, "inFlight", -1);
    // One that began before there was a log has no beginning to tell of.
    if (this.#log.isOn && this.#openedMs !== UNOPENED) this.#log.ended(this.#accounted, this.#request);
    lease?.release();
    leave?.();
  }

  get #accounted(): AccountedRequest {
    return {
      direction: this.#direction,
      openedMs: this.#openedMs,
      heldSecondsAtOpen: this.#heldSecondsAtOpen,
      queuedMs: this.#queuedMs,
      statusCode: this.#statusCode,
      reason: this.#reason,
    };
  }
}
