// Questions to the node proxies, on the port where they answer other machines: one connection to each, a limited number
// of questions at once, and nobody is waited for.

import { isIPv6 } from "node:net";
import { Agent, request } from "undici";
import { Limiter } from "#runtime/limiter.ts";

/** At 5,000 nodes and a few milliseconds each, a round takes seconds. */
const ASKED_AT_ONCE_MAX = 32;
const ANSWER_MS_MAX = 2_000;
/** A thousand instances of two hundred bytes, and room to grow. */
const ANSWER_BYTES_MAX = 1024 ** 2;

export class ProxyClient {
  readonly #port: number;
  readonly #agent = new Agent({
    connections: 1,
    pipelining: 0,
    connectTimeout: ANSWER_MS_MAX,
    headersTimeout: ANSWER_MS_MAX,
    bodyTimeout: ANSWER_MS_MAX,
    maxResponseSize: ANSWER_BYTES_MAX,
  });
  readonly #limiter = new Limiter(ASKED_AT_ONCE_MAX);

  /** @param port the proxies' --usage-port; 0: they are not asked. */
  constructor(port: number) {
    this.#port = port;
  }

  get isOn(): boolean {
    return this.#port !== 0;
  }

  /** @throws Error if the proxy does not answer in time, or anything but 200 with JSON. */
  async get(address: string, path: string): Promise<unknown> {
    return this.#limiter.run(async () => {
      const host = isIPv6(address) ? `[${address}]` : address;
      const url = `http://${host}:${this.#port}${path}`;
      const { statusCode, body } = await request(url, { dispatcher: this.#agent });
      const answer: unknown = await body.json();
      if (statusCode !== 200) throw new Error(`the proxy at ${host} answered ${statusCode}`);
      return answer;
    });
  }

  async stop(): Promise<void> {
    await this.#agent.destroy();
  }
}
