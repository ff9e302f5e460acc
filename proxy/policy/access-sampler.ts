// Which requests the access log has a line for: those that failed, those whose trace is sampled, and of the others a
// share by chance. Each kind up to so many a second, so that a flood of errors costs neither the disk nor the CPU that
// the requests need; what was left out is counted.

export interface EndedRequest {
  /** Refused or given up by the proxy, or answered with 5xx. */
  readonly isError: boolean;
  readonly isTraceSampled: boolean;
  /** By chance, from 0 up to but not 1. */
  readonly chance: number;
  readonly nowMs: number;
}

/** `left-out`: it would have a line, but there are too many. */
export type Sampling = "logged" | "skipped" | "left-out";

/** A line takes about five microseconds to make and to write; this many take a thousandth of a core. */
const ERRORS_PER_SECOND_MAX = 100;
/** Of a sampling whose ratio is too large for its load. */
const OTHERS_PER_SECOND_MAX = 200;
const SECOND_MS = 1_000;

export class AccessSampler {
  #ratio = 0;
  #isOn = false;
  #secondStartedMs = Number.NEGATIVE_INFINITY;
  #errors = 0;
  #others = 0;

  /** @param ratio share of requests, 0 to 1; undefined: none at all, errors included. */
  change(ratio: number | undefined): void {
    this.#isOn = ratio !== undefined;
    this.#ratio = ratio ?? 0;
  }

  get isOn(): boolean {
    return this.#isOn;
  }

  take({ isError, isTraceSampled, chance, nowMs }: EndedRequest): Sampling {
    if (!this.#isOn || !(isError || isTraceSampled || chance < this.#ratio)) return "skipped";
    if (nowMs - this.#secondStartedMs >= SECOND_MS || nowMs < this.#secondStartedMs) {
      this.#secondStartedMs = nowMs;
      this.#errors = 0;
      this.#others = 0;
    }
    if (isError) {
      this.#errors += 1;
      return this.#errors > ERRORS_PER_SECOND_MAX ? "left-out" : "logged";
    }
    this.#others += 1;
    return this.#others > OTHERS_PER_SECOND_MAX ? "left-out" : "logged";
  }
}
