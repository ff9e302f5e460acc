// The server behind the proxies that are compared: answers every request with the same small body. A process of its own,
// with as little as possible between the socket and the answer, so that it is never what is measured.

import { createServer } from "node:net";
import type { AddressInfo, Socket } from "node:net";

import {
  ACK,
  END_HEADERS,
  END_STREAM,
  FRAME,
  frame,
  FrameReader,
  literal,
  openWindow,
  PREFACE,
  STATUS_200,
} from "./http2-frames.ts";

const BODY = "x".repeat(128);
const ANSWER = Buffer.from(
  `HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: ${BODY.length}\r\n\r\n${BODY}`,
);
const HTTP2_HEADERS = Buffer.concat([
  Buffer.from([STATUS_200]),
  literal("content-type", "text/plain"),
  literal("content-length", String(BODY.length)),
]);
/** SETTINGS_MAX_CONCURRENT_STREAMS of 1,000. */
const MANY_STREAMS = Buffer.from([0, 3, 0, 0, 3, 232]);
const HEAD_END = Buffer.from("\r\n\r\n");

const server = createServer({ noDelay: true }, (socket) => {
  let before: Buffer = Buffer.alloc(0);
  let frames: FrameReader | undefined;
  socket.on("data", (chunk: Buffer) => {
    if (frames !== undefined) {
      frames.read(chunk);
      return;
    }
    if (chunk.toString("latin1", 0, PREFACE.length) === PREFACE) {
      frames = http2Frames(socket);
      frames.read(chunk.subarray(PREFACE.length));
      return;
    }
    let bytes = before.length === 0 ? chunk : Buffer.concat([before, chunk]);
    let end = bytes.indexOf(HEAD_END);
    while (end >= 0) {
      socket.write(ANSWER);
      bytes = bytes.subarray(end + HEAD_END.length);
      end = bytes.length === 0 ? -1 : bytes.indexOf(HEAD_END);
    }
    before = bytes;
  });
  socket.on("error", () => socket.destroy());
});
server.listen(0, "127.0.0.1", () => process.send?.((server.address() as AddressInfo).port));
process.on("disconnect", () => process.exit());

/** Answers every request without looking at its headers. */
function http2Frames(socket: Socket): FrameReader {
  socket.write(
    Buffer.concat([frame({ kind: FRAME.settings, flags: 0, stream: 0 }, MANY_STREAMS), openWindow()]),
  );
  return new FrameReader(({ kind, flags, stream }, payload) => {
    if (kind === FRAME.settings && (flags & ACK) === 0) {
      socket.write(frame({ kind: FRAME.settings, flags: ACK, stream: 0 }));
    } else if (kind === FRAME.ping && (flags & ACK) === 0) {
      socket.write(frame({ kind: FRAME.ping, flags: ACK, stream: 0 }, payload));
    } else if (kind === FRAME.headers) {
      const headers = frame({ kind: FRAME.headers, flags: END_HEADERS, stream }, HTTP2_HEADERS);
      const data = frame({ kind: FRAME.data, flags: END_STREAM, stream }, Buffer.from(BODY));
      socket.write(Buffer.concat([headers, data]));
    }
  });
}
