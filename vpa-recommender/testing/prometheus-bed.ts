// A Prometheus of the test's own on loopback: answers range queries as the real one does, by what a query is about.

import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

/** As it was asked: the form's fields by name. */
export type Asked = Readonly<Record<string, string>>;

export interface AnsweredSeries {
  readonly metric: Readonly<Record<string, string>>;
  /** Seconds, and the value as text. */
  readonly values: readonly (readonly [number, string])[];
}

export class PrometheusBed implements AsyncDisposable {
  readonly asked: Asked[] = [];
  /** What is answered; status 200 and a matrix of no series by default. */
  answer: (asked: Asked) => { readonly status?: number; readonly body: unknown } = () => matrix([]);
  readonly #server: Server;

  static async start(): Promise<PrometheusBed> {
    const bed = new PrometheusBed();
    await new Promise<void>((resolve) => bed.#server.listen(0, "127.0.0.1", resolve));
    return bed;
  }

  private constructor() {
    this.#server = createServer((request, response) => {
      let form = "";
      request.setEncoding("utf8").on("data", (part: string) => (form += part));
      request.on("end", () => {
        const asked = Object.fromEntries(new URLSearchParams(form));
        this.asked.push({ ...asked, path: request.url ?? "" });
        const { status = 200, body } = this.answer(asked);
        response.writeHead(status, { "content-type": "application/json" });
        response.end(typeof body === "string" ? body : JSON.stringify(body));
      });
    });
  }

  get address(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

export function matrix(result: readonly AnsweredSeries[]): { readonly body: unknown } {
  return { body: { status: "success", data: { resultType: "matrix", result } } };
}
