// The app behind the loads of this folder: HTTP/1.1, HTTP/2, gRPC and WebSocket on one port. It imports nothing of ours, so
// that a pod can be given it as text.
//   /      answers with its name, over HTTP/1.1 and HTTP/2; /slow the same, some time later
//   /echo.Echo/Once    a call of gRPC that answers with the message it got
//   /echo.Echo/Stream  answers with messages that are numbered from 0: as many as the one it got asks for, or endlessly
//   any WebSocket      sends back every message

import { createHash } from "node:crypto";
import { createServer } from "node:http";
import { createServer as createHttp2Server } from "node:http2";
import type { ServerHttp2Stream } from "node:http2";
import { createServer as createTcpServer } from "node:net";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";

const SLOW_MS = 400;
const MESSAGE_PAUSE_MS = 50;
const GRPC_HEAD_BYTES = 5;
// RFC 6455 §1.3.
const WEB_SOCKET_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const name = process.env["POD_NAME"] ?? "app";

const http1 = createServer((request, response) => {
  request.resume();
  request.on("end", () => later(request.url, () => response.end(name)));
});
// Longer than the proxy keeps idle connections.
http1.keepAliveTimeout = 120_000;
http1.on("upgrade", (request, socket, head) => {
  const key = String(request.headers["sec-websocket-key"]);
  const accept = createHash("sha1")
    .update(key + WEB_SOCKET_GUID)
    .digest("base64");
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
  );
  echo(socket, head);
});

const http2 = createHttp2Server();
http2.on("stream", (stream, headers) => {
  stream.on("error", () => undefined);
  const path = headers[":path"];
  const chunks: Buffer[] = [];
  stream.on("data", (chunk: Buffer) => chunks.push(chunk));
  stream.on("end", () => {
    if (path === "/echo.Echo/Once") answerOnce(stream, Buffer.concat(chunks));
    else if (path === "/echo.Echo/Stream") answerStream(stream, Buffer.concat(chunks));
    else later(path, () => !stream.destroyed && (stream.respond({ ":status": 200 }), stream.end(name)));
  });
});

const server = createTcpServer((socket) => {
  socket.on("error", () => socket.destroy());
  socket.once("data", (bytes: Buffer) => {
    const chosen = bytes.toString("latin1", 0, 3) === "PRI" ? http2 : http1;
    socket.pause();
    socket.unshift(bytes);
    chosen.emit("connection", socket);
    process.nextTick(() => socket.resume());
  });
});
const port = Number(process.env["EXAMPLE_PORT"] ?? 8080);
server.listen(port, () => process.send?.({ port: (server.address() as AddressInfo).port }));
process.on("SIGTERM", () => process.exit(0));
process.on("disconnect", () => process.exit(0));

function later(path: string | undefined, answer: () => void): void {
  if (path === "/slow") setTimeout(answer, SLOW_MS);
  else answer();
}

function beginAnswer(stream: ServerHttp2Stream): void {
  stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
  stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
}

function answerOnce(stream: ServerHttp2Stream, message: Buffer): void {
  beginAnswer(stream);
  stream.end(message);
}

/** Zero asks for no end. */
function answerStream(stream: ServerHttp2Stream, message: Buffer): void {
  const count = message.readUInt32BE(GRPC_HEAD_BYTES);
  beginAnswer(stream);
  let sent = 0;
  const timer = setInterval(() => {
    const next = Buffer.from([0, 0, 0, 0, 4, 0, 0, 0, 0]);
    next.writeUInt32BE(sent, GRPC_HEAD_BYTES);
    sent += 1;
    stream.write(next);
    if (sent !== count) return;
    clearInterval(timer);
    stream.end();
  }, MESSAGE_PAUSE_MS);
  stream.on("close", () => clearInterval(timer));
}

/** Messages of one frame with less than 126 bytes, which is all that the load sends. */
function echo(socket: Duplex, head: Buffer): void {
  let rest = Buffer.alloc(0);
  socket.on("error", () => socket.destroy());
  const read = (bytes: Buffer): void => {
    rest = Buffer.concat([rest, bytes]);
    for (;;) {
      const length = (rest[1] ?? 0) & 0x7f;
      if (rest.length < 6 + length) return;
      const mask = rest.subarray(2, 6);
      const payload = rest.subarray(6, 6 + length).map((byte, index) => byte ^ (mask[index % 4] ?? 0));
      const answer = Buffer.concat([Buffer.from([rest[0] ?? 0, length]), payload]);
      rest = rest.subarray(6 + length);
      // A frame that closes is answered in kind, and the server closes first (RFC 6455 §7.1.1).
      if (((answer[0] ?? 0) & 0x0f) === 8) return void socket.end(answer);
      socket.write(answer);
    }
  };
  socket.on("data", read);
  if (head.length > 0) read(head);
}
