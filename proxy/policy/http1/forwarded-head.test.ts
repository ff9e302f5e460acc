import assert from "node:assert/strict";
import { test } from "node:test";

import { requestHeadText, responseHeadText } from "./forwarded-head.ts";
import { RequestHead } from "./request-head.ts";
import { ResponseHead } from "./response-head.ts";

function forwarded(text: string, clientAddress?: string): string {
  const head = new RequestHead();
  const bytes = Buffer.from(text, "latin1");
  assert.equal(head.read(bytes, bytes.length), "complete");
  return requestHeadText(head, { path: head.target, host: head.host ?? "", clientAddress });
}

function answered(text: string, connection = ""): string {
  const head = new ResponseHead();
  const bytes = Buffer.from(text, "latin1");
  assert.equal(head.read(bytes, bytes.length, { isHeadMethod: false, isUpgrade: true }), "complete");
  return responseHeadText(head, { isChunked: head.framing === "chunked", connection });
}

test("hop-by-hop fields end at the proxy, the others pass as they were", () => {
  assert.equal(
    forwarded(
      "GET /x HTTP/1.1\r\nA: 1\r\nKeep-Alive: 5\r\nB:2 \r\nHost: shop\r\nConnection: X-Hop, close\r\nx-hop: 1\r\nTE: trailers\r\nC: \xfc\r\nUpgrade: h2c\r\n\r\n",
    ),
    "GET /x HTTP/1.1\r\nHost: shop\r\nA: 1\r\nB:2 \r\nC: \xfc\r\n\r\n",
  );
});

test("a client cannot strip what the next hop relies on by nominating it", () => {
  assert.equal(
    forwarded(
      "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nConnection: host, content-length, x-forwarded-for\r\nX-Forwarded-For: b\r\n\r\n",
      "10.0.0.1",
    ),
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nX-Forwarded-For: b, 10.0.0.1\r\nX-Forwarded-Proto: http\r\n\r\n",
  );
});

test("the client's address is the last of those forwarded, in one field", () => {
  assert.equal(
    forwarded(
      "GET / HTTP/1.1\r\nX-Forwarded-For: a\r\nX-Forwarded-Proto: https\r\nX-Forwarded-For: b\r\nHost: h\r\n\r\n",
      "c",
    ),
    "GET / HTTP/1.1\r\nHost: h\r\nX-Forwarded-Proto: https\r\nX-Forwarded-For: a, b, c\r\n\r\n",
  );
});

test("a request without a body says so where its method usually has one", () => {
  assert.equal(
    forwarded("POST / HTTP/1.1\r\nHost: a\r\n\r\n"),
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n",
  );
  assert.equal(
    forwarded("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n"),
    "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n",
  );
});

test("answers keep their status and fields, and are framed anew", () => {
  assert.equal(
    answered(
      "HTTP/1.0 207 Fine\r\nSet-Cookie: a\r\nSet-Cookie: b\r\nConnection: X-Hop\r\nX-Hop: 1\r\nKeep-Alive: 5\r\n\r\n",
      "close",
    ),
    "HTTP/1.1 207 Fine\r\nSet-Cookie: a\r\nSet-Cookie: b\r\nConnection: close\r\n\r\n",
  );
  assert.equal(
    answered("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: A\r\n\r\n"),
    "HTTP/1.1 200 OK\r\nTrailer: A\r\nTransfer-Encoding: chunked\r\n\r\n",
  );
  assert.equal(
    answered("HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n"),
    "HTTP/1.1 204 No Content\r\n\r\n",
  );
  assert.equal(
    answered(
      "HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\nConnection: upgrade\r\nSec-WebSocket-Accept: x\r\n\r\n",
    ),
    "HTTP/1.1 101 Switching\r\nSec-WebSocket-Accept: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
  );
});
