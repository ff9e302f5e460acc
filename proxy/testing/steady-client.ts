// A client for tests that notices every lost request.

import { Agent } from "node:http";

import { send } from "./http-client.ts";

/** Sends one request after the other on one connection until it is stopped. */
export class SteadyClient {
  answered = 0;
  failed = 0;
  #isStopped = false;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });
  readonly #port: number;
  readonly #ended: Promise<void>;

  constructor(port: number) {
    this.#port = port;
    this.#ended = this.#run();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#ended;
    this.#agent.destroy();
  }

  async #run(): Promise<void> {
    while (!this.#isStopped) {
      try {
        const { statusCode } = await send({
          port: this.#port,
          agent: this.#agent,
          method: "POST",
          body: "x",
        });
        if (statusCode === 200) this.answered += 1;
        else this.failed += 1;
      } catch {
        // Counted, and the test fails on the count.
        this.failed += 1;
      }
    }
  }
}
