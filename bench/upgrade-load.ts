// Load for the handover bench: POSTs, which nobody may repeat, on connections of their own at a steady pace and on kept
// ones with pauses; and an app behind them. Every request is counted as answered or failed.

import { Agent, createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as delay } from "node:timers/promises";

export interface LoadCounts {
  requests: number;
  /** By reason. */
  readonly failures: Map<string, number>;
  readonly latenciesMs: number[];
}

const KEPT_CONNECTIONS = 16;
/** Between two requests of a kept connection. */
const PAUSE_MS = 40;
const BODY = "x".repeat(200);

export class HandoverLoad {
  readonly fresh = newCounts();
  readonly kept = newCounts();
  readonly #port: number;
  readonly #agents = Array.from(
    { length: KEPT_CONNECTIONS },
    () => new Agent({ keepAlive: true, maxSockets: 1 }),
  );
  readonly #pending = new Set<Promise<void>>();
  readonly #over = new AbortController();

  constructor(port: number) {
    this.#port = port;
  }

  /** @param freshPerSecond requests on connections of their own, in bursts of ten. */
  start(freshPerSecond: number): void {
    for (const agent of this.#agents) this.#follow(this.#keep(agent));
    this.#follow(this.#burst(freshPerSecond));
  }

  async stop(): Promise<void> {
    this.#over.abort();
    await Promise.all(this.#pending);
    for (const agent of this.#agents) agent.destroy();
  }

  #follow(task: Promise<void>): void {
    this.#pending.add(task);
    void task.finally(() => this.#pending.delete(task));
  }

  async #keep(agent: Agent): Promise<void> {
    while (!this.#over.signal.aborted) {
      await this.#post(this.kept, agent);
      await delay(PAUSE_MS * (0.5 + Math.random()));
    }
  }

  async #burst(perSecond: number): Promise<void> {
    const startedMs = performance.now();
    for (let sent = 0; !this.#over.signal.aborted; sent += BURST) {
      for (let count = 0; count < BURST; count++) this.#follow(this.#post(this.fresh, undefined));
      const dueMs = startedMs + ((sent + BURST) * 1000) / perSecond;
      await delay(Math.max(1, dueMs - performance.now()));
    }
  }

  async #post(counts: LoadCounts, agent: Agent | undefined): Promise<void> {
    counts.requests += 1;
    const startedMs = performance.now();
    const failure = await post(this.#port, agent);
    if (failure === undefined) counts.latenciesMs.push(performance.now() - startedMs);
    else counts.failures.set(failure, (counts.failures.get(failure) ?? 0) + 1);
  }
}

const BURST = 10;

function newCounts(): LoadCounts {
  return { requests: 0, failures: new Map(), latenciesMs: [] };
}

/** @returns how long nobody took a new connection, from the first refusal to the next answer; 0 if somebody always did. */
export async function longestGapMs(port: number, over: AbortSignal): Promise<number> {
  let longestMs = 0;
  let refusedFromMs: number | undefined;
  while (!over.aborted || refusedFromMs !== undefined) {
    const isAnswered = (await post(port)) === undefined;
    const nowMs = performance.now();
    if (!isAnswered) refusedFromMs ??= nowMs;
    else if (refusedFromMs !== undefined) {
      longestMs = Math.max(longestMs, nowMs - refusedFromMs);
      refusedFromMs = undefined;
    }
    await delay(PROBE_MS);
  }
  return longestMs;
}

/** How often the gap is looked at. */
const PROBE_MS = 5;

/** @returns why it failed, or undefined. */
async function post(port: number, agent?: Agent): Promise<string | undefined> {
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  const headers = { "Content-Length": BODY.length };
  const asked = request(
    { host: "127.0.0.1", port, method: "POST", headers, agent: agent ?? false },
    (answer) => {
      answer.resume();
      answer.on("end", () => resolve(answer.statusCode === 200 ? undefined : String(answer.statusCode)));
      answer.on("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? "error"));
    },
  );
  asked.on("error", (error: NodeJS.ErrnoException) =>
    resolve(`${error.code ?? "error"}${asked.reusedSocket ? " on a kept connection" : ""}`),
  );
  asked.end(BODY);
  return promise;
}

/** @returns its port; it lives as long as the process. */
export async function startBenchApp(): Promise<number> {
  const server = createServer((incoming, response) => {
    incoming.resume();
    incoming.on("end", () => response.end("ok"));
  });
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(0, "127.0.0.1", resolve);
  server.unref();
  await promise;
  return (server.address() as AddressInfo).port;
}
