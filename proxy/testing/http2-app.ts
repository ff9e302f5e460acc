// An app that speaks HTTP/2 in plain text, as pods do, and requests to one.

import { once } from "node:events";
import { createServer } from "node:http2";
import type { ClientHttp2Session, IncomingHttpHeaders, ServerHttp2Stream } from "node:http2";
import type { AddressInfo } from "node:net";
import type { TestContext } from "node:test";

export interface Http2App {
  readonly port: number;
  /** Headers of the requests so far. */
  readonly seen: readonly IncomingHttpHeaders[];
}

export async function startHttp2App(
  context: TestContext,
  served: (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void,
): Promise<Http2App> {
  const server = createServer();
  const seen: IncomingHttpHeaders[] = [];
  server.on("stream", (stream, headers) => {
    seen.push(headers);
    stream.on("error", () => undefined);
    served(stream, headers);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  context.after(() => server.close());
  return { port: (server.address() as AddressInfo).port, seen };
}

export interface Http2Answer {
  readonly headers: IncomingHttpHeaders;
  readonly trailers: IncomingHttpHeaders;
  readonly body: string;
}

/** One request, and its whole answer. */
export async function askHttp2(
  client: ClientHttp2Session,
  headers: Record<string, string>,
  body?: Buffer,
): Promise<Http2Answer> {
  const stream = client.request(headers, { endStream: body === undefined });
  let trailers: IncomingHttpHeaders = {};
  stream.on("trailers", (received) => {
    trailers = received;
  });
  if (body !== undefined) stream.end(body);
  const [answer] = (await once(stream, "response")) as [IncomingHttpHeaders];
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return { headers: answer, trailers, body: Buffer.concat(chunks).toString() };
}
