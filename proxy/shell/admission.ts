// Lets connections and requests into an instance as its quota allows, and has requests wait in line for its concurrency
// where the quota says so: first come, first served, each for a bounded time. Every request is decided on once.

import type { Quota } from "#model/mesh-profile.ts";
import type { Cancel, Clock } from "#runtime/clock.ts";

import type { ConnectionVerdict, QuotaGate } from "../policy/quota-gate.ts";
import type { AnswerableReason } from "../policy/reasons.ts";
import type { ReadThrottle } from "./read-throttle.ts";

export interface AdmissionOptions {
  readonly gate: QuotaGate;
  readonly throttle: ReadThrottle;
  readonly clock: Clock;
  /** A request has arrived. */
  readonly arrived: () => void;
}

/** A request that wants in. One of the two is called, once: at once, or after a wait; neither after `leave`. */
export interface Entrant {
  /** @param queuedMs how long it waited. */
  admitted(queuedMs: number): void;
  refused(reason: AnswerableReason, retryAfterSeconds: number, queuedMs: number): void;
}

/** To be called when the request has ended, whatever became of it; also while it waits. A second call does nothing. */
export type Leave = () => void;

interface Waiting {
  readonly entrant: Entrant;
  readonly place: Place;
  readonly cancel: Cancel;
}

export class Admission {
  readonly #options: AdmissionOptions;
  readonly #waiting = new Map<Place, Waiting>();
  #inProgress = 0;
  #shed: AnswerableReason | undefined;

  constructor(options: AdmissionOptions) {
    this.#options = options;
  }

  /** Admitted requests that have not left. */
  get inProgress(): number {
    return this.#inProgress;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  change(quota: Quota): void {
    this.#options.gate.change(quota, this.#options.clock.nowMs());
    this.#admitWaiting();
  }

  /** Refuses every request from now on for this reason; undefined ends it. */
  shed(reason: AnswerableReason | undefined): void {
    this.#shed = reason;
  }

  /** From a request's arrival to the beginning of its answer; undefined for as long as it takes. */
  get requestMs(): number | undefined {
    return this.#options.gate.requestMs;
  }

  /** Asked before a client's connection is added to the throttle. */
  connect(): ConnectionVerdict {
    const { gate, throttle } = this.#options;
    return gate.takeConnection({
      clients: throttle.open("client"),
      destinations: throttle.open("destination"),
    });
  }

  /** Work has come that is no request. */
  noteWork(): void {
    this.#options.arrived();
  }

  enter(entrant: Entrant): Leave {
    const { gate, clock, arrived } = this.#options;
    arrived();
    const nowMs = clock.nowMs();
    const place = new Place(nowMs);
    if (this.#shed !== undefined) entrant.refused(this.#shed, SHED_RETRY_SECONDS, 0);
    else if (this.#waiting.size === 0 || gate.queueMax === 0) this.#decide(entrant, place, nowMs);
    else this.#queue(entrant, place);
    return () => this.#leave(place);
  }

  #decide(entrant: Entrant, place: Place, nowMs: number): void {
    const { gate } = this.#options;
    const queuedMs = nowMs - place.sinceMs;
    const verdict = gate.admit(this.#inProgress, nowMs);
    if (verdict.kind === "admitted") {
      this.#inProgress += 1;
      place.isIn = true;
      entrant.admitted(queuedMs);
    } else if (verdict.kind === "concurrencyLimited" && gate.queueMax > 0) {
      this.#queue(entrant, place);
    } else {
      entrant.refused(verdict.kind, verdict.retryAfterSeconds, queuedMs);
    }
  }

  #queue(entrant: Entrant, place: Place): void {
    const { gate, clock } = this.#options;
    if (this.#waiting.size >= gate.queueMax) {
      entrant.refused("concurrencyLimited", 1, 0);
      return;
    }
    const cancel = clock.after(gate.queueMs, () => {
      this.#waiting.delete(place);
      entrant.refused("queueDeadline", 1, clock.nowMs() - place.sinceMs);
    });
    this.#waiting.set(place, { entrant, place, cancel });
  }

  #leave(place: Place): void {
    const waiting = this.#waiting.get(place);
    if (waiting !== undefined) {
      waiting.cancel();
      this.#waiting.delete(place);
    }
    if (!place.isIn) return;
    place.isIn = false;
    this.#inProgress -= 1;
    this.#admitWaiting();
  }

  #admitWaiting(): void {
    const { gate, clock } = this.#options;
    for (const { entrant, place, cancel } of this.#waiting.values()) {
      if (!gate.hasRoom(this.#inProgress)) return;
      cancel();
      this.#waiting.delete(place);
      this.#decide(entrant, place, clock.nowMs());
    }
  }
}

/** Memory comes back as requests end; whoever asks again at once only makes it scarcer. */
const SHED_RETRY_SECONDS = 2;

class Place {
  readonly sinceMs: number;
  isIn = false;

  constructor(sinceMs: number) {
    this.sinceMs = sinceMs;
  }
}
