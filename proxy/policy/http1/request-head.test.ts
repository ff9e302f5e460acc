import assert from "node:assert/strict";
import { test } from "node:test";

import * as fc from "fast-check";

import { HEAD_BYTES_MAX, RequestHead } from "./request-head.ts";

function read(text: string): RequestHead {
  const head = new RequestHead();
  const bytes = Buffer.from(text, "latin1");
  assert.equal(head.read(bytes, bytes.length), "complete", text);
  return head;
}

function refusal(text: string): string {
  const head = new RequestHead();
  const bytes = Buffer.from(text, "latin1");
  assert.equal(head.read(bytes, bytes.length), "refused", JSON.stringify(text));
  return head.reason;
}

test("a plain request is read with its target, its host and its framing", () => {
  const head = read("POST /a?b=%20 HTTP/1.1\r\nHost: shop:80\r\ncontent-LENGTH:  12 \t\r\n\r\n123");
  assert.equal(head.method, "POST");
  assert.equal(head.target, "/a?b=%20");
  assert.equal(head.host, "shop:80");
  assert.equal(head.framing, "length");
  assert.equal(head.contentLength, 12);
  assert.equal(head.text.length, head.end);
  assert.ok(head.isPersistent);
  assert.ok(!head.isContinueExpected);
});

test("a head that comes in pieces is read as one that comes at once", () => {
  const text =
    "\r\nPUT http://shop/x HTTP/1.1\r\nHost: a\r\nX-Long: some value\r\nTransfer-Encoding: Chunked\r\nConnection: X-Hop\r\nConnection: keep-alive\r\n\r\n";
  const whole = read(text);
  const bytes = Buffer.from(text, "latin1");
  const head = new RequestHead();
  fc.assert(
    fc.property(fc.uniqueArray(fc.nat(bytes.length - 1)), (cuts) => {
      head.reset();
      for (const cut of cuts.sort((a, b) => a - b)) assert.equal(head.read(bytes, cut), "incomplete");
      assert.equal(head.read(bytes, bytes.length), "complete");
      assert.equal(head.target, "http://shop/x");
      assert.equal(head.framing, "chunked");
      assert.equal(head.fields.count, whole.fields.count);
      assert.deepEqual(head.connection, whole.connection);
      assert.deepEqual([...(head.connection.nominated ?? [])], ["x-hop"]);
    }),
    { numRuns: 200 },
  );
});

test("connections of HTTP/1.0 end with the answer unless the client asks for more", () => {
  assert.ok(!read("GET / HTTP/1.0\r\n\r\n").isPersistent);
  assert.ok(read("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n").isPersistent);
  assert.ok(!read("GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, close\r\n\r\n").isPersistent);
});

test("only a WebSocket's handshake may switch protocols", () => {
  const upgrade = (lines: string, method = "GET"): boolean =>
    read(`${method} / HTTP/1.1\r\nHost: a\r\n${lines}\r\n`).isUpgrade;
  assert.ok(upgrade("Connection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\n"));
  assert.ok(!upgrade("Connection: Upgrade\r\nUpgrade: h2c\r\n"));
  assert.ok(!upgrade("Upgrade: websocket\r\n"));
  assert.ok(!upgrade("Connection: Upgrade\r\nUpgrade: websocket\r\n", "POST"));
});

const REFUSED: Readonly<Record<string, readonly [text: string, reason: string]>> = {
  "an HTTP/0.9 line": ["GET /x\r\n", "malformedRequest"],
  "a version to come": ["GET / HTTP/1.2\r\n", "malformedRequest"],
  "HTTP/2.0 in text": ["GET / HTTP/2.0\r\n", "malformedRequest"],
  "two blanks": ["GET  / HTTP/1.1\r\n", "malformedRequest"],
  "a tab": ["GET\t/ HTTP/1.1\r\n", "malformedRequest"],
  "a blank in the target": ["GET /a b HTTP/1.1\r\n", "malformedRequest"],
  "a target beyond ASCII": ["GET /\xfc HTTP/1.1\r\n", "malformedRequest"],
  "a control in the target": ["GET /\x01 HTTP/1.1\r\n", "malformedRequest"],
  "a target without a form": ["GET x HTTP/1.1\r\nHost: a\r\n\r\n", "malformedRequest"],
  "an asterisk for a path": ["GET * HTTP/1.1\r\nHost: a\r\n\r\n", "malformedRequest"],
  "a tunnel without a port": ["CONNECT shop HTTP/1.1\r\nHost: a\r\n\r\n", "malformedRequest"],
  "a user in the target": ["GET http://a@b/ HTTP/1.1\r\nHost: a\r\n\r\n", "malformedRequest"],
  "a blank first": [" GET / HTTP/1.1\r\n", "malformedRequest"],
  "two empty lines first": ["\r\n\r\nGET / HTTP/1.1\r\n", "malformedRequest"],
  "a bare line feed": ["GET / HTTP/1.1\n", "malformedRequest"],
  "a bare line feed behind a field": ["GET / HTTP/1.1\r\nHost: a\n", "malformedRequest"],
  "a bare carriage return in a value": ["GET / HTTP/1.1\r\nA: b\rc\r\n", "malformedRequest"],
  "a NUL in a value": ["GET / HTTP/1.1\r\nA: b\0c\r\n", "malformedRequest"],
  "a folded line": ["GET / HTTP/1.1\r\nHost: a\r\n b: c\r\n\r\n", "malformedRequest"],
  "a blank before the colon": ["GET / HTTP/1.1\r\nHost : a\r\n", "malformedRequest"],
  "no name": ["GET / HTTP/1.1\r\n: a\r\n", "malformedRequest"],
  "no colon": ["GET / HTTP/1.1\r\nHost\r\n", "malformedRequest"],
  "a name beyond tokens": ["GET / HTTP/1.1\r\nHo(st: a\r\n", "malformedRequest"],
  "a method beyond tokens": ["G(T / HTTP/1.1\r\n", "malformedRequest"],
  "an endless method": [`${"G".repeat(40)}`, "malformedRequest"],
  "no Host": ["GET / HTTP/1.1\r\n\r\n", "malformedRequest"],
  "a Host with a path": ["GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", "malformedRequest"],
  "two Hosts": ["GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", "ambiguousRequest"],
  "two lengths": [
    "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n",
    "ambiguousRequest",
  ],
  "a list of lengths": ["GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1, 1\r\n\r\n", "ambiguousRequest"],
  "a signed length": ["GET / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\n", "ambiguousRequest"],
  "a hexadecimal length": ["GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x1\r\n\r\n", "ambiguousRequest"],
  "an empty length": ["GET / HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n\r\n", "ambiguousRequest"],
  "a length beyond counting": [
    `GET / HTTP/1.1\r\nHost: a\r\nContent-Length: ${"9".repeat(16)}\r\n\r\n`,
    "ambiguousRequest",
  ],
  "a length and chunks": [
    "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
    "ambiguousRequest",
  ],
  "chunks twice": [
    "GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
    "ambiguousRequest",
  ],
  "chunks in HTTP/1.0": ["GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", "ambiguousRequest"],
  "another coding": ["GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", "codingUnsupported"],
  "a coding like chunked": [
    "GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n",
    "codingUnsupported",
  ],
  "a length in disguise": ["GET / HTTP/1.1\r\nHost: a\r\ncontent_length: 1\r\n\r\n", "ambiguousRequest"],
  "a coding in disguise": [
    "GET / HTTP/1.1\r\nHost: a\r\nTransfer_Encoding: chunked\r\n\r\n",
    "ambiguousRequest",
  ],
  "a tunnel with a body": [
    "CONNECT a:1 HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n",
    "ambiguousRequest",
  ],
  "too many fields": [`GET / HTTP/1.1\r\nHost: a\r\n${"A: b\r\n".repeat(100)}\r\n`, "headersTooLarge"],
  "too many bytes": [`GET /${"a".repeat(HEAD_BYTES_MAX)}`, "headersTooLarge"],
  "too many bytes that end": [
    `GET / HTTP/1.1\r\nHost: a\r\nA: ${"a".repeat(HEAD_BYTES_MAX)}\r\n\r\n`,
    "headersTooLarge",
  ],
};

for (const [name, [text, reason]] of Object.entries(REFUSED)) {
  test(`a request with ${name} is refused, however little of it has come`, () => {
    assert.equal(refusal(text), reason);
  });
}

test("fields whose names only look like those that count are left alone", () => {
  const head = read(
    "GET / HTTP/1.1\r\nHost: a\r\nX-Host: b\r\nHos_: c\r\nContent-Lengtg: 5\r\nUpgradf: x\r\nX_Forwarded_For: y\r\n\r\n",
  );
  assert.equal(head.framing, "none");
  assert.equal(head.fields.count, 6);
});
