import assert from "node:assert/strict";
import { test } from "node:test";

import { checkHead, HEADERS_MAX } from "./request-strictness.ts";

/** A request with a Host, unless the headers bring their own. */
function reasonFor(given: readonly string[], httpVersion = "1.1"): string {
  const headers = given.some((name) => /^host$/i.test(name)) ? given : ["Host", "a", ...given];
  const verdict = checkHead({ headers, httpVersion });
  return verdict.kind === "refused" ? verdict.reason : verdict.framing;
}

test("sound requests pass with their framing", () => {
  assert.equal(reasonFor(["Host", "a.b:80"]), "none");
  assert.equal(reasonFor(["Host", "[::1]:80", "Content-Length", "0"]), "none");
  assert.equal(reasonFor(["Host", "a", "Content-Length", "12"]), "length");
  assert.equal(reasonFor(["Host", "a", "Transfer-Encoding", "Chunked"]), "chunked");
});

test("requests that two servers could read differently are refused", () => {
  assert.equal(reasonFor(["Host", "a", "host", "b"]), "ambiguousRequest");
  assert.equal(reasonFor(["Content-Length", "1", "Transfer-Encoding", "chunked"]), "ambiguousRequest");
  assert.equal(reasonFor(["Content-Length", "1", "Content-Length", "1"]), "ambiguousRequest");
  assert.equal(reasonFor(["Transfer-Encoding", "chunked"], "1.0"), "ambiguousRequest");
  assert.equal(
    reasonFor(["Transfer-Encoding", "chunked", "Transfer-Encoding", "chunked"]),
    "ambiguousRequest",
  );
  assert.equal(reasonFor(["Content_Length", "1"]), "ambiguousRequest");
});

test("other transfer codings, versions and hosts are refused", () => {
  assert.equal(reasonFor(["Transfer-Encoding", "gzip, chunked"]), "codingUnsupported");
  assert.equal(reasonFor([], "0.9"), "malformedRequest");
  assert.equal(reasonFor(["Host", "a b"]), "malformedRequest");
  assert.equal(reasonFor(["Host", "user@a"]), "malformedRequest");
});

test("HTTP/1.1 needs a Host, and HTTP/1.0 does not", () => {
  assert.deepEqual(checkHead({ headers: [], httpVersion: "1.1" }), {
    kind: "refused",
    reason: "malformedRequest",
  });
  assert.equal(checkHead({ headers: [], httpVersion: "1.0" }).kind, "sound");
});

test("the number of headers is bounded", () => {
  const headers = Array.from({ length: HEADERS_MAX - 1 }, () => ["X", "y"]).flat();
  assert.equal(reasonFor(headers), "none");
  assert.equal(reasonFor([...headers, "X", "y"]), "headersTooLarge");
});
