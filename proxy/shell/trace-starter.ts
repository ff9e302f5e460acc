// Passes traces on, and starts one where none came: the header as it is to go on, and what the access log is told.

import type { TraceSettings } from "#model/mesh-profile.ts";

import { parseTraceparent, traceparentText } from "../policy/trace-context.ts";
import type { TraceContext } from "../policy/trace-context.ts";

export interface PassedTrace {
  readonly context: TraceContext;
  /** The traceparent to send instead of what came, whose tracestate goes with it; undefined: as it came. */
  readonly fresh: string | undefined;
}

const TRACE_ID_BYTES = 16;
const PARENT_ID_BYTES = 8;
/** Randomness of some hundred ids at once: a call of the generator costs more than its bytes. */
const POOL_BYTES = 8 * 1024;

export class TraceStarter {
  readonly #random: () => number;
  #pool: Buffer | undefined;
  #used = POOL_BYTES;
  #settings: TraceSettings | undefined;

  /** @param random for the decision whether a new trace is sampled. */
  constructor(random: () => number) {
    this.#random = random;
  }

  /** @param settings undefined: what comes goes on unread. */
  change(settings: TraceSettings | undefined): void {
    this.#settings = settings;
  }

  get isOn(): boolean {
    return this.#settings !== undefined;
  }

  /** @param traceparent undefined if there is none, or more than one. */
  pass(traceparent: string | undefined): PassedTrace | undefined {
    if (this.#settings === undefined) return undefined;
    const context = traceparent === undefined ? undefined : parseTraceparent(traceparent);
    if (context !== undefined) return { context, fresh: undefined };
    const started = {
      traceId: this.#id(TRACE_ID_BYTES),
      isSampled: this.#random() < this.#settings.sampleRatio,
    };
    return { context: started, fresh: traceparentText(started, this.#id(PARENT_ID_BYTES)) };
  }

  #id(bytes: number): string {
    for (;;) {
      if (this.#pool === undefined || this.#used + bytes > POOL_BYTES) {
        // Asked for with the first trace: it takes more than half a megabyte of every thread, and few apps are traced.
        this.#pool = process.getBuiltinModule("node:crypto").randomFillSync(Buffer.alloc(POOL_BYTES));
        this.#used = 0;
      }
      const id = this.#pool.toString("hex", this.#used, this.#used + bytes);
      this.#used += bytes;
      // All zeros is the one that means nothing.
      if (/[^0]/.test(id)) return id;
    }
  }
}
