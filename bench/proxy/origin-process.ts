// The server behind the proxies that are compared: answers every request with the same small body. A process of its own,
// with as little as possible between the socket and the answer, so that it is never what is measured.

import { createServer } from "node:net";
import type { AddressInfo } from "node:net";

const BODY = "x".repeat(128);
const ANSWER = Buffer.from(
  `HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: ${BODY.length}\r\n\r\n${BODY}`,
);
const HEAD_END = Buffer.from("\r\n\r\n");

const server = createServer({ noDelay: true }, (socket) => {
  let before: Buffer = Buffer.alloc(0);
  socket.on("data", (chunk: Buffer) => {
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
