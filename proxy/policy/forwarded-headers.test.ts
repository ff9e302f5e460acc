import assert from "node:assert/strict";
import { test } from "node:test";

import { endToEndHeaders, withForwardedFor, withHost } from "./forwarded-headers.ts";

test("hop-by-hop headers and those that Connection names end at the proxy", () => {
  const headers = [
    "Connection",
    "keep-alive, X-Hop",
    "X-Hop",
    "1",
    "TE",
    "trailers",
    "Upgrade",
    "h2c",
    "X-End",
    "2",
  ];
  assert.deepEqual(endToEndHeaders(headers), ["X-End", "2"]);
});

test("Connection cannot strip what the next hop relies on", () => {
  const headers = ["Connection", "Host, content-length, X-Forwarded-For", "Host", "a", "Content-Length", "3"];
  assert.deepEqual(endToEndHeaders(headers), ["Host", "a", "Content-Length", "3"]);
});

test("duplicates, order and case of the rest stay", () => {
  const headers = ["Set-Cookie", "a=1", "set-cookie", "b=2", "X-Y", ""];
  assert.deepEqual(endToEndHeaders(headers), headers);
});

test("the client's address comes last in one list", () => {
  const headers = withForwardedFor(
    ["X-Forwarded-For", "1.1.1.1", "A", "b", "x-forwarded-for", "2.2.2.2"],
    "::1",
  );
  assert.deepEqual(headers, [
    "A",
    "b",
    "X-Forwarded-For",
    "1.1.1.1, 2.2.2.2, ::1",
    "X-Forwarded-Proto",
    "http",
  ]);
});

test("the protocol that a proxy in front told is kept", () => {
  assert.ok(!withForwardedFor(["X-Forwarded-Proto", "https"], "::1").includes("http"));
});

test("there is one Host afterwards", () => {
  assert.deepEqual(withHost(["A", "b", "hOST", "evil"], "good"), ["Host", "good", "A", "b"]);
});
