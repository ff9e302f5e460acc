// Clients that never stop asking while something happens to the proxy: over connections that stay open, over new ones,
// and with requests that take their time, so that some are always in flight.

import { Agent, request } from "node:http";
import { setTimeout } from "node:timers/promises";

export interface LoadTally {
  readonly answered: number;
  readonly failed: number;
  /** What went wrong first, one sentence per request. */
  readonly failures: readonly string[];
  /** By the clients whose connections stay open. */
  readonly connectionsOpened: number;
  readonly inFlight: number;
}

const KEPT_CLIENTS = 6;
const SLOW_CLIENTS = 4;
const NEW_CONNECTION_PAUSE_MS = 20;
const KEPT_PAUSE_MS = 2;
/** Nothing in the suite takes so long; an answer that does counts as lost. */
const TIMEOUT_MS = 15_000;
const FAILURES_MAX = 20_000;

/** In a failure's sentence: the connection had carried requests before. */
export const ON_A_KEPT_CONNECTION = "on a kept connection";

export class SteadyLoad {
  readonly #url: string;
  readonly #failures: string[] = [];
  readonly #clients: Promise<void>[] = [];
  readonly #agents: Agent[] = [];
  #answered = 0;
  #failed = 0;
  #inFlight = 0;
  #connectionsOpened = 0;
  #isEnding = false;

  /** @param url of an app's inbound port, without a path */
  constructor(url: string) {
    this.#url = url;
    for (let client = 0; client < KEPT_CLIENTS; client++) this.#keep("/", KEPT_PAUSE_MS);
    for (let client = 0; client < SLOW_CLIENTS; client++) this.#keep("/slow", 0);
    this.#clients.push(this.#repeat("/", false, NEW_CONNECTION_PAUSE_MS));
  }

  get tally(): LoadTally {
    return {
      answered: this.#answered,
      failed: this.#failed,
      failures: this.#failures,
      connectionsOpened: this.#connectionsOpened,
      inFlight: this.#inFlight,
    };
  }

  /** Clients with connections that stay open: as many should have been opened. */
  static readonly connections = KEPT_CLIENTS + SLOW_CLIENTS;

  /** Resolves when the last answer is in. */
  async stop(): Promise<LoadTally> {
    this.#isEnding = true;
    await Promise.all(this.#clients);
    for (const agent of this.#agents) agent.destroy();
    return this.tally;
  }

  #keep(path: string, pauseMs: number): void {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    this.#agents.push(agent);
    this.#clients.push(this.#repeat(path, agent, pauseMs));
  }

  async #repeat(path: string, agent: Agent | false, pauseMs: number): Promise<void> {
    while (!this.#isEnding) {
      this.#inFlight++;
      try {
        await this.#ask(path, agent);
        this.#answered++;
      } catch (error) {
        this.#failed++;
        if (this.#failures.length < FAILURES_MAX)
          this.#failures.push(`${new Date().toISOString()} ${path}: ${(error as Error).message}`);
        // A proxy that is away refuses at once; its clients do not have to keep this process busy.
        await setTimeout(NEW_CONNECTION_PAUSE_MS);
      }
      this.#inFlight--;
      if (pauseMs > 0) await setTimeout(pauseMs);
    }
  }

  #ask(path: string, agent: Agent | false): Promise<void> {
    return new Promise((resolve, reject) => {
      const call = request(`${this.#url}${path}`, { agent, timeout: TIMEOUT_MS }, (answer) => {
        answer.resume();
        answer.once("end", () =>
          answer.statusCode === 200 ? resolve() : reject(new Error(`status ${answer.statusCode}`)),
        );
        answer.once("error", reject);
      });
      call.once("socket", (socket) => {
        if (agent !== false && socket.connecting) this.#connectionsOpened++;
      });
      call.once("timeout", () => call.destroy(new Error("timed out")));
      call.once("error", (error) =>
        reject(call.reusedSocket ? new Error(`${error.message} ${ON_A_KEPT_CONNECTION}`) : error),
      );
      call.end();
    });
  }
}
