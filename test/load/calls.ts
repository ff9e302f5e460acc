// What a load asked for and what became of it. Clients ask one thing after the other until they are told to stop.

import { setTimeout as delay } from "node:timers/promises";

export interface CallCounts {
  requests: number;
  /** By reason. */
  readonly failures: Map<string, number>;
  readonly latenciesMs: number[];
  /** Long-lived connections and streams that were told in order that the server goes away. */
  farewells: number;
  /** Streams of HTTP/2 that were refused unprocessed and asked for again. */
  refused: number;
}

/** After a failure: whoever refuses does so at once. */
const FAILURE_PAUSE_MS = 20;

export class Calls {
  readonly counts: CallCounts = {
    requests: 0,
    failures: new Map(),
    latenciesMs: [],
    farewells: 0,
    refused: 0,
  };
  readonly #over = new AbortController();
  readonly #clients = new Set<Promise<void>>();

  get isOver(): boolean {
    return this.#over.signal.aborted;
  }

  get over(): AbortSignal {
    return this.#over.signal;
  }

  get failed(): number {
    return [...this.counts.failures.values()].reduce((sum, count) => sum + count, 0);
  }

  /** One client: asks, pauses for about so long, and asks again. */
  repeat(pauseMs: number, ask: () => Promise<void>): void {
    const ended = (async () => {
      while (!this.isOver) {
        await this.count(ask);
        await delay(pauseMs * (0.5 + Math.random()));
      }
    })();
    this.#clients.add(ended);
  }

  /** Whatever is asked for is awaited by `stop`. */
  follow(task: Promise<void>): void {
    const ended = task.finally(() => this.#clients.delete(ended));
    this.#clients.add(ended);
  }

  async count(ask: () => Promise<void>): Promise<void> {
    this.counts.requests += 1;
    const startedMs = performance.now();
    try {
      await ask();
      this.counts.latenciesMs.push(performance.now() - startedMs);
    } catch (error) {
      this.#failure(error as NodeJS.ErrnoException);
      await delay(FAILURE_PAUSE_MS);
    }
  }

  #failure(error: NodeJS.ErrnoException): void {
    // A stream of HTTP/2 says of its connection only that it did not come about.
    const { code, message } = error.cause instanceof Error ? (error.cause as NodeJS.ErrnoException) : error;
    const reason = code === undefined || code.startsWith("ERR_") ? message : code;
    this.counts.failures.set(reason, (this.counts.failures.get(reason) ?? 0) + 1);
  }

  async stop(): Promise<void> {
    this.#over.abort();
    await Promise.all(this.#clients);
  }
}
