// A client for tests that notices every lost request.

import { Agent } from "node:http";

import { type ClientRequestOptions, send } from "./http-client.ts";

/** Sends one request after the other on one connection until it is stopped. */
export class SteadyClient {
  answered = 0;
  failed = 0;
  #isStopped = false;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });
  readonly #port: number;
  readonly #request: Omit<ClientRequestOptions, "port">;
  readonly #ended: Promise<void>;

  /** @param url for a proxy's outbound port; otherwise requests have a body and are sent only once. */
  constructor(port: number, url?: string, host = "127.0.0.1") {
    this.#port = port;
    this.#request = { ...(url === undefined ? { method: "POST", body: "x" } : { path: url }), host };
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
          ...this.#request,
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
