// One session of HTTP/2 that is opened anew whenever the server has said that it goes away, and single calls on it.

import { connect, constants } from "node:http2";
import type { ClientHttp2Session, ClientHttp2Stream, IncomingHttpHeaders } from "node:http2";

import type { Calls } from "./calls.ts";
import { ANSWER_MS_MAX, type LoadTarget } from "./target.ts";

export class KeptSession {
  readonly #target: LoadTarget;
  #session: ClientHttp2Session | undefined;

  constructor(target: LoadTarget) {
    this.#target = target;
  }

  /**
   * A stream that was refused has not been processed and has not failed (RFC 9113 §8.7): it is asked for again, as clients
   * in common use do. Node's refuses by itself what it has not sent when a GOAWAY comes.
   */
  async use<T>(calls: Calls, ask: (session: ClientHttp2Session) => Promise<T>): Promise<T> {
    try {
      return await ask(this.#get());
    } catch (error) {
      if (!(error instanceof RefusedStream)) throw error;
      calls.counts.refused += 1;
      return ask(this.#get());
    }
  }

  /** As any client has it: requests go to a session on which nobody has said GOAWAY. */
  #get(): ClientHttp2Session {
    const kept = this.#session;
    if (kept !== undefined && !kept.closed && !kept.destroyed) return kept;
    this.#session = openSession(this.#target);
    return this.#session;
  }

  close(): void {
    this.#session?.close();
  }
}

export function openSession({ host, port }: LoadTarget): ClientHttp2Session {
  const session = connect(`http://${host}:${port}`);
  // Its streams say it, too.
  session.on("error", () => undefined);
  return session;
}

export interface CallAnswer {
  readonly headers: IncomingHttpHeaders;
  readonly trailers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface Call {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** Of the answer's body, as it comes. */
  readonly heard?: (chunk: Buffer) => void;
  readonly begun?: (stream: ClientHttp2Stream) => void;
}

class RefusedStream extends Error {}

/** @throws Error if the stream does not end in order. */
export async function callOn(
  session: ClientHttp2Session,
  { headers, body, heard, begun }: Call,
): Promise<CallAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<CallAnswer>();
  const stream = session.request({ ":method": "POST", ...headers });
  begun?.(stream);
  const chunks: Buffer[] = [];
  let answered: IncomingHttpHeaders = {};
  let trailers: IncomingHttpHeaders = {};
  stream.on("response", (received) => {
    answered = received;
  });
  stream.on("trailers", (received) => {
    trailers = received;
  });
  stream.on("data", (chunk: Buffer) => (heard === undefined ? chunks.push(chunk) : heard(chunk)));
  stream.setTimeout(ANSWER_MS_MAX, () => stream.close());
  stream.on("error", (error) =>
    reject(stream.rstCode === constants.NGHTTP2_REFUSED_STREAM ? new RefusedStream(error.message) : error),
  );
  stream.on("close", () => {
    const isWhole = stream.rstCode === 0 && stream.readableEnded && answered[":status"] !== undefined;
    if (isWhole) resolve({ headers: answered, trailers, body: Buffer.concat(chunks) });
    else {
      const came = answered[":status"] === undefined ? "without an answer" : "in the middle of its answer";
      reject(new Error(`the stream ended ${came} with code ${stream.rstCode}`));
    }
  });
  stream.end(body);
  return promise;
}
