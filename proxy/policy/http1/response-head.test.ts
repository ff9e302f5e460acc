import assert from "node:assert/strict";
import { test } from "node:test";

import * as fc from "fast-check";

import { ResponseHead } from "./response-head.ts";
import type { AnsweredRequest } from "./response-head.ts";

const GET: AnsweredRequest = { isHeadMethod: false, isUpgrade: false };

function framingOf(text: string, request = GET): string {
  const head = new ResponseHead();
  const bytes = Buffer.from(text, "latin1");
  const progress = head.read(bytes, bytes.length, request);
  return progress === "complete" ? `${head.framing}${head.isPersistent ? "" : ", then closed"}` : progress;
}

test("the status and the fields decide where an answer's body ends", () => {
  assert.equal(framingOf("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"), "length");
  assert.equal(framingOf("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"), "none");
  assert.equal(framingOf("HTTP/1.1 200 OK\r\nTransfer-Encoding: CHUNKED\r\n\r\n"), "chunked");
  assert.equal(framingOf("HTTP/1.1 200 OK\r\n\r\n"), "close, then closed");
  assert.equal(framingOf("HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n"), "none");
  assert.equal(framingOf("HTTP/1.1 304 \r\nContent-Length: 5\r\n\r\n"), "none");
  assert.equal(framingOf("HTTP/1.1 304\r\n\r\n"), "none");
  assert.equal(framingOf("HTTP/1.1 100 Continue\r\n\r\n"), "none");
  assert.equal(
    framingOf("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", { ...GET, isHeadMethod: true }),
    "none",
  );
  assert.equal(framingOf("HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\n"), "length, then closed");
  assert.equal(
    framingOf("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\n"),
    "length, then closed",
  );
});

test("protocols are switched only for those who asked", () => {
  const text = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
  assert.equal(framingOf(text), "refused");
  assert.equal(framingOf(text, { ...GET, isUpgrade: true }), "tunnel, then closed");
});

test("answers of which two readings are possible are refused", () => {
  for (const lines of [
    "Content-Length: 1\r\nContent-Length: 1\r\n",
    "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n",
    "Content-Length: -1\r\n",
    "Content-Length: 1, 1\r\n",
    "Transfer-Encoding: gzip, chunked\r\n",
    "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
    "A : b\r\n",
    " A: b\r\n",
    "A: b\n",
    "A: b\rc\r\n",
  ]) {
    assert.equal(framingOf(`HTTP/1.1 200 OK\r\n${lines}\r\n`), "refused", lines);
  }
  assert.equal(framingOf("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"), "refused");
  for (const line of [
    "HTTP/2 200 OK",
    "HTTP/1.1 20 OK",
    "HTTP/1.1 2000 OK",
    "nonsense",
    "HTTP/1.1 600 x",
    "HTTP/1.1 200 a\nb",
  ]) {
    assert.equal(framingOf(`${line}\r\n\r\n`), "refused", line);
  }
});

test("an answer's head that comes in pieces is read as one that comes at once", () => {
  const bytes = Buffer.from("HTTP/1.1 207 Fine so far\r\nServer: x\r\nContent-Length: 7\r\n\r\n");
  const head = new ResponseHead();
  fc.assert(
    fc.property(fc.uniqueArray(fc.nat(bytes.length - 1)), (cuts) => {
      head.reset();
      for (const cut of cuts.sort((a, b) => a - b)) assert.equal(head.read(bytes, cut, GET), "incomplete");
      assert.equal(head.read(bytes, bytes.length, GET), "complete");
      assert.equal(head.status, "207 Fine so far");
      assert.equal(head.contentLength, 7);
    }),
    { numRuns: 200 },
  );
});
