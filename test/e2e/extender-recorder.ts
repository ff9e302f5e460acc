// Stands at the Service's address for kube-scheduler: passes each call on to the extender's ready pod, with the
// extender's own certificate towards kube-scheduler, and keeps what was asked and answered.

import { createServer, type Server } from "node:https";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Agent, type Dispatcher, request } from "undici";
import { HOST } from "./control-plane.ts";

export interface Exchange {
  readonly verb: string;
  readonly request: unknown;
  readonly status: number;
  readonly reply: unknown;
  /** When the answer was there, in milliseconds of the machine's clock. */
  readonly answeredMs: number;
}

export interface ServingCertificate {
  /** PEM. */
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
  readonly serverName: string;
}

/** The latest ones; a suite that wants more looks earlier. */
const EXCHANGES_MAX = 5_000;

interface Asked {
  readonly answer: Dispatcher.ResponseData;
  readonly port: number;
}

export class ExtenderRecorder {
  readonly #server: Server;
  readonly #dispatcher: Agent;
  readonly #localPort: () => Promise<number>;
  /** Where the extender was found, until it is not there any more. */
  #knownPort: number | undefined;
  #exchanges: Exchange[] = [];
  #failures = 0;

  constructor({ ca, cert, key, serverName }: ServingCertificate, localPort: () => Promise<number>) {
    this.#localPort = localPort;
    this.#dispatcher = new Agent({ connect: { ca, servername: serverName } });
    this.#server = createServer({ cert, key }, (incoming, outgoing) => {
      this.#pass(incoming, outgoing).catch((error: unknown) => {
        this.#failures += 1;
        outgoing.writeHead(502).end(String(error));
      });
    });
    // Above Go's 90 s, as the extender's own.
    this.#server.keepAliveTimeout = 120_000;
  }

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, HOST, resolve));
    return `https://${HOST}:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Oldest first. */
  exchanges(): readonly Exchange[] {
    return this.#exchanges;
  }

  /** Calls of kube-scheduler's that nobody answered. */
  get failures(): number {
    return this.#failures;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await this.#dispatcher.destroy();
  }

  async #pass(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const asked = Buffer.concat(chunks).toString();
    const path = incoming.url ?? "/";
    const { answer, port } = await this.#ask(path, asked);
    const reply = await answer.body.text();
    // What a connection that is closed does in a cluster: the next one goes where the Service then leads.
    if (answer.headers["connection"] === "close" && this.#knownPort === port) this.#knownPort = undefined;
    this.#keep({
      verb: path.slice(1),
      request: JSON.parse(asked),
      status: answer.statusCode,
      reply: JSON.parse(reply),
      answeredMs: Date.now(),
    });
    outgoing.writeHead(answer.statusCode, { "content-type": "application/json" }).end(reply);
  }

  // A client whose kept connection was closed at the other end asks the Service anew; one that is refused there fails.
  async #ask(path: string, body: string): Promise<Asked> {
    const known = this.#knownPort;
    if (known !== undefined) {
      try {
        return await this.#post(known, path, body);
      } catch {
        // Told of by the second try, if that fails as well.
      }
    }
    const port = await this.#localPort();
    const asked = await this.#post(port, path, body);
    this.#knownPort = port;
    return asked;
  }

  async #post(port: number, path: string, body: string): Promise<Asked> {
    try {
      const answer = await request(`https://${HOST}:${port}${path}`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body,
        dispatcher: this.#dispatcher,
      });
      return { answer, port };
    } catch (error) {
      this.#knownPort = undefined;
      throw error;
    }
  }

  #keep(exchange: Exchange): void {
    this.#exchanges.push(exchange);
    if (this.#exchanges.length > 2 * EXCHANGES_MAX) this.#exchanges = this.#exchanges.slice(-EXCHANGES_MAX);
  }
}
