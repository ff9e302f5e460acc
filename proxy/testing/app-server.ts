// An app for tests: a server that answers with what it was sent, unless the test says otherwise.

import { createHash } from "node:crypto";
import { createServer } from "node:http";
import type { RequestListener, Server } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import type { TestContext } from "node:test";

export interface AppServer {
  readonly port: number;
  readonly server: Server;
  /** Connections accepted so far. */
  readonly connections: readonly Socket[];
}

export interface Echo {
  readonly method: string;
  readonly url: string;
  readonly headers: readonly string[];
  readonly bodyBytes: number;
  readonly bodyHash: string;
}

export async function startApp(context: TestContext, listener: RequestListener = echo): Promise<AppServer> {
  const server = createServer(listener);
  const connections: Socket[] = [];
  server.on("connection", (socket) => connections.push(socket));
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(0, "127.0.0.1", resolve);
  await promise;
  context.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return { server, connections, port: (server.address() as AddressInfo).port };
}

const echo: RequestListener = (request, response) => {
  const hash = createHash("sha256");
  let bodyBytes = 0;
  request.on("data", (chunk: Buffer) => {
    bodyBytes += chunk.length;
    hash.update(chunk);
  });
  request.on("end", () => {
    const answer: Echo = {
      method: request.method ?? "",
      url: request.url ?? "",
      headers: request.rawHeaders,
      bodyBytes,
      bodyHash: hash.digest("hex"),
    };
    response.setHeader("Content-Type", "application/json");
    response.end(JSON.stringify(answer));
  });
};
