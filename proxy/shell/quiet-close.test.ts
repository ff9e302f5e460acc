import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { connect } from "node:net";
import type { AddressInfo, Socket } from "node:net";
import { test } from "node:test";

import { closeQuietly } from "./quiet-close.ts";

/** libuv accepts one connection per turn of the event loop, so most of these wait when the first is seen. */
const CONNECTIONS = 50;

test("connections that wait to be accepted when a port is closed are served", async () => {
  const server = createServer((_request, response) => response.end("served"));
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as AddressInfo;
  const closed = Promise.withResolvers<void>();
  server.once("connection", () => closeQuietly(server, { closed: closed.resolve }));
  const clients = Array.from({ length: CONNECTIONS }, () => connect(port, "127.0.0.1"));
  const answers = await Promise.all(clients.map(answerOf));
  assert.deepEqual(new Set(answers), new Set(["served"]));
  await closed.promise;
});

async function answerOf(socket: Socket): Promise<string> {
  let text = "";
  socket.on("data", (chunk: Buffer) => {
    text += chunk.toString();
  });
  socket.write("GET / HTTP/1.1\r\nHost: shop\r\nConnection: close\r\n\r\n");
  await once(socket, "close");
  return text.slice(text.indexOf("\r\n\r\n") + 4);
}
