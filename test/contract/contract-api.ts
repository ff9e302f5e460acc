// A plain HTTP client for the contract's cases: what goes over the wire and nothing else.

import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { request } from "undici";
import type { Dispatcher } from "undici";

/** Untyped on purpose: the contract is about what servers send. */
// oxlint-disable-next-line typescript/no-explicit-any -- answers are looked into at arbitrary depth
export type Wire = any;

export interface Connection {
  readonly url: string;
  /** Such as a bearer token. */
  readonly headers?: Readonly<Record<string, string>>;
  /** For a server with a certificate of its own. */
  readonly dispatcher?: Dispatcher;
}

export interface Answer {
  readonly code: number;
  readonly body: Wire;
}

export const JSON_PATCH = "application/json-patch+json";
export const MERGE_PATCH = "application/merge-patch+json";
export const STRATEGIC_PATCH = "application/strategic-merge-patch+json";
export const APPLY_PATCH = "application/apply-patch+yaml";

export class ContractApi {
  readonly #connection: Connection;
  readonly namespace: string;

  constructor(connection: Connection, namespace: string) {
    this.#connection = connection;
    this.namespace = namespace;
  }

  get(path: string): Promise<Answer> {
    return this.#call("GET", path);
  }

  post(path: string, body: Wire): Promise<Answer> {
    return this.#call("POST", path, { text: JSON.stringify(body), contentType: "application/json" });
  }

  postText(path: string, text: string): Promise<Answer> {
    return this.#call("POST", path, { text, contentType: "application/json" });
  }

  put(path: string, body: Wire): Promise<Answer> {
    return this.#call("PUT", path, { text: JSON.stringify(body), contentType: "application/json" });
  }

  patch(path: string, contentType: string, body: Wire): Promise<Answer> {
    return this.#call("PATCH", path, { text: JSON.stringify(body), contentType });
  }

  delete(path: string, options?: Wire): Promise<Answer> {
    if (options === undefined) return this.#call("DELETE", path);
    return this.#call("DELETE", path, { text: JSON.stringify(options), contentType: "application/json" });
  }

  /** The path of a core resource in the suite's own namespace. */
  core(resource: string, name = ""): string {
    return `/api/v1/namespaces/${this.namespace}/${resource}${name === "" ? "" : `/${name}`}`;
  }

  /** The path of another group's resource in the suite's own namespace. */
  group(groupVersion: string, resource: string, name = ""): string {
    return `/apis/${groupVersion}/namespaces/${this.namespace}/${resource}${name === "" ? "" : `/${name}`}`;
  }

  async watch(path: string): Promise<WatchReader> {
    const abort = new AbortController();
    const { statusCode, body } = await request(`${this.#connection.url}${path}`, {
      headers: { ...this.#connection.headers },
      signal: abort.signal,
      bodyTimeout: 0,
      ...(this.#connection.dispatcher && { dispatcher: this.#connection.dispatcher }),
    });
    return new WatchReader(statusCode, body, abort);
  }

  async #call(
    method: string,
    path: string,
    content?: { text: string; contentType: string },
  ): Promise<Answer> {
    const { statusCode, body } = await request(`${this.#connection.url}${path}`, {
      method: method as Dispatcher.HttpMethod,
      headers: {
        "user-agent": "contract/1.0",
        ...this.#connection.headers,
        ...(content && { "content-type": content.contentType }),
      },
      ...(content && { body: content.text }),
      ...(this.#connection.dispatcher && { dispatcher: this.#connection.dispatcher }),
    });
    const text = await body.text();
    return { code: statusCode, body: text.startsWith("{") ? JSON.parse(text) : text };
  }
}

/** The events of one watch, as they come. */
export class WatchReader {
  readonly code: number;
  readonly #lines: AsyncIterator<string>;
  readonly #abort: AbortController;

  constructor(code: number, body: Readable, abort: AbortController) {
    this.code = code;
    this.#lines = createInterface({ input: body })[Symbol.asyncIterator]();
    this.#abort = abort;
    // The abort in close() is meant, and reaches the body as an error.
    body.on("error", () => {});
  }

  /** The next event; undefined when the server ended the watch. */
  async next(): Promise<Wire> {
    const { done, value } = await this.#lines.next();
    return done === true ? undefined : JSON.parse(value);
  }

  /** The next event that is not a bookmark, as `TYPE name`. */
  async nextChange(): Promise<string> {
    for (;;) {
      const event = await this.next();
      if (event === undefined) return "end";
      if (event.type !== "BOOKMARK") return `${event.type} ${event.object.metadata.name}`;
    }
  }

  close(): void {
    this.#abort.abort();
  }
}
