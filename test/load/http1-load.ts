// POSTs, which nobody may repeat, over HTTP/1.1: on connections of their own at a steady pace, and on kept ones.

import { Agent, request } from "node:http";
import { setTimeout as delay } from "node:timers/promises";

import { Calls } from "./calls.ts";
import { ANSWER_MS_MAX, type LoadTarget } from "./target.ts";

export interface Http1LoadOptions extends LoadTarget {
  /** On connections of their own. */
  readonly freshPerSecond: number;
  readonly keptConnections: number;
}

const PAUSE_MS = 40;
const BURST = 10;
const BODY = "x".repeat(200);

export class Http1Load {
  readonly fresh = new Calls();
  readonly kept = new Calls();
  readonly #target: LoadTarget;
  readonly #agents: readonly Agent[];

  constructor({ freshPerSecond, keptConnections, ...target }: Http1LoadOptions) {
    this.#target = target;
    this.#agents = Array.from(
      { length: keptConnections },
      () => new Agent({ keepAlive: true, maxSockets: 1 }),
    );
    for (const agent of this.#agents) this.kept.repeat(PAUSE_MS, () => post(this.#target, agent));
    if (freshPerSecond > 0) this.fresh.follow(this.#burst(freshPerSecond));
  }

  async stop(): Promise<void> {
    await Promise.all([this.fresh.stop(), this.kept.stop()]);
    for (const agent of this.#agents) agent.destroy();
  }

  async #burst(perSecond: number): Promise<void> {
    const startedMs = performance.now();
    for (let sent = 0; !this.fresh.isOver; sent += BURST) {
      for (let count = 0; count < BURST; count++)
        this.fresh.follow(this.fresh.count(() => post(this.#target)));
      const dueMs = startedMs + ((sent + BURST) * 1000) / perSecond;
      await delay(Math.max(1, dueMs - performance.now()));
    }
  }
}

/** @throws Error that says why there was no good answer. */
export async function post(target: LoadTarget, agent?: Agent): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const headers = { "Content-Length": BODY.length };
  const asked = request(
    { ...target, method: "POST", headers, agent: agent ?? false, timeout: ANSWER_MS_MAX },
    (answer) => {
      answer.resume();
      answer.on("end", () =>
        answer.statusCode === 200 ? resolve() : reject(new Error(`status ${answer.statusCode}`)),
      );
      answer.on("error", reject);
    },
  );
  asked.on("timeout", () => asked.destroy(new Error("timed out")));
  asked.on("error", (error: NodeJS.ErrnoException) =>
    reject(asked.reusedSocket ? new Error(`${error.code ?? error.message} on a kept connection`) : error),
  );
  asked.end(BODY);
  return promise;
}
