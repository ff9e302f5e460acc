// A client for tests: one request, its whole answer. Without an agent each request has a connection of its own.

import { Agent, request } from "node:http";
import type { OutgoingHttpHeaders } from "node:http";
import { connect } from "node:net";
import { Readable } from "node:stream";

import type { Echo } from "./app-server.ts";

export interface ClientRequestOptions {
  /** Absent: 127.0.0.1. */
  readonly host?: string;
  readonly port: number;
  readonly agent?: Agent;
  readonly method?: string;
  readonly path?: string;
  readonly headers?: OutgoingHttpHeaders;
  /** A stream is sent chunked. */
  readonly body?: Buffer | string | Readable;
  /** Told of the socket, for its counts. */
  readonly connected?: (socket: { readonly bytesRead: number; readonly bytesWritten: number }) => void;
}

export interface ClientAnswer {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly rawHeaders: readonly string[];
  readonly body: Buffer;
}

export async function send(options: ClientRequestOptions): Promise<ClientAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<ClientAnswer>();
  const outgoing = request({
    host: options.host ?? "127.0.0.1",
    port: options.port,
    agent: options.agent ?? new Agent({ keepAlive: false }),
    method: options.method ?? "GET",
    path: options.path ?? "/",
    headers: options.headers ?? {},
  });
  outgoing.on("error", reject);
  outgoing.on("socket", (socket) => options.connected?.(socket));
  outgoing.on("response", (answer) => {
    const chunks: Buffer[] = [];
    answer.on("error", reject);
    answer.on("data", (chunk: Buffer) => chunks.push(chunk));
    answer.on("end", () => {
      const { statusCode = 0, headers, rawHeaders } = answer;
      resolve({ statusCode, headers, rawHeaders, body: Buffer.concat(chunks) });
    });
  });
  if (options.body instanceof Readable) options.body.pipe(outgoing);
  else outgoing.end(options.body);
  return promise;
}

/** Repeats the request until its answer is as wanted: what a worker is told takes effect a moment later. */
export async function sendUntil(
  options: ClientRequestOptions,
  isWanted: (answer: ClientAnswer) => boolean,
): Promise<ClientAnswer> {
  for (let tries = 0; tries < TRIES_MAX; tries++) {
    const answer = await send(options);
    if (isWanted(answer)) return answer;
  }
  throw new Error(`${TRIES_MAX} answers, and none with ${isWanted.toString()}`);
}

const TRIES_MAX = 200;

export function echoOf({ body }: ClientAnswer): Echo {
  return JSON.parse(body.toString()) as Echo;
}

/** Sends the text as it is and returns all that comes until the other side closes. */
export async function sendRaw(port: number, text: string): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const socket = connect(port, "127.0.0.1", () => socket.write(text, "latin1"));
  let received = "";
  socket.setEncoding("latin1");
  socket.on("data", (chunk: string) => {
    received += chunk;
  });
  socket.on("error", reject);
  socket.on("close", () => resolve(received));
  return promise;
}
