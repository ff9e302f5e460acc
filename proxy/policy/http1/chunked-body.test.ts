import assert from "node:assert/strict";
import { test } from "node:test";

import * as fc from "fast-check";

import { ChunkedBody, EXTENSION_BYTES_MAX, TRAILER_BYTES_MAX } from "./chunked-body.ts";

interface Decoded {
  readonly outcome: string;
  readonly body: string;
  readonly trailers: string;
  /** What stands behind the message. */
  readonly rest: string;
}

function decode(text: string, cuts: readonly number[] = []): Decoded {
  const bytes = Buffer.from(text, "latin1");
  const chunked = new ChunkedBody();
  let body = "";
  let from = 0;
  for (const to of [...cuts, bytes.length]) {
    const outcome = chunked.read(bytes, from, to);
    let count = 0;
    for (let index = 0; index < chunked.ranges.length; index += 2) {
      const part = bytes.toString("latin1", chunked.ranges[index], chunked.ranges[index + 1]);
      body += part;
      count += part.length;
    }
    assert.equal(chunked.bytes, count);
    if (outcome !== "more") {
      return { outcome, body, trailers: chunked.trailers, rest: text.slice(chunked.end) };
    }
    from = to;
  }
  return { outcome: "more", body, trailers: "", rest: "" };
}

test("a chunked body ends where it says, wherever it is cut into pieces", () => {
  const chunks = fc.array(fc.string({ unit: "binary-ascii", minLength: 1, maxLength: 40 }), { maxLength: 5 });
  const extension = fc.constantFrom("", ";a", ";a=b", ';a="b c"');
  const trailers = fc.constantFrom("", "A: b\r\n", "A: b\r\nC: d\r\n");
  fc.assert(
    fc.property(
      chunks,
      extension,
      trailers,
      fc.array(fc.nat(400), { maxLength: 8 }),
      (parts, ext, lines, cuts) => {
        const message = `${parts.map((part) => `${part.length.toString(16)}${ext}\r\n${part}\r\n`).join("")}0${ext}\r\n${lines}\r\n`;
        const sorted = [...new Set(cuts)].filter((cut) => cut < message.length).sort((a, b) => a - b);
        assert.deepEqual(decode(`${message}GET /next`, sorted), {
          outcome: "done",
          body: parts.join(""),
          trailers: lines,
          rest: "GET /next",
        });
      },
    ),
  );
});

test("trailers that concern one hop only are left out", () => {
  assert.equal(decode("0\r\nKeep-Alive: 5\r\nX: y\r\nConnection: X\r\n\r\n").trailers, "X: y\r\n");
});

const MALFORMED: Readonly<Record<string, string>> = {
  "no size": "\r\nabc",
  "a size that is none": "g\r\n",
  "a signed size": "-1\r\n",
  "a prefixed size": "0x5\r\nabcde\r\n",
  "a blank before the size": " 5\r\nabcde\r\n",
  "a blank behind the size": "5 \r\nabcde\r\n",
  "a size beyond counting": "fffffffffffff\r\n",
  "a size of many zeros": `${"0".repeat(20)}5\r\n`,
  "a bare line feed behind the size": "5\nabcde\r\n",
  "a bare line feed in an extension": "5;a\nabcde\r\n",
  "a bare carriage return in an extension": "5;a\rb\r\n",
  "an extension without a name": "5;=a\r\nabcde\r\n",
  "an open quote in an extension": '5;a="b\r\nabcde\r\n',
  "a NUL in an extension": "5;\0\r\n",
  "endless extensions": `5;${"a".repeat(EXTENSION_BYTES_MAX + 1)}`,
  "more data than it says": "5\r\nabcdef\r\n",
  "a bare line feed behind the data": "5\r\nabcde\n",
  "a bare line feed at the end": "0\r\n\n",
  "a length in its trailers": "0\r\nContent-Length: 5\r\n\r\n",
  "a coding in its trailers": "0\r\nTransfer-Encoding: chunked\r\n\r\n",
  "a Host in its trailers": "0\r\nHost: b\r\n\r\n",
  "a folded trailer": "0\r\n a: b\r\n\r\n",
  "endless trailers": `0\r\nA: ${"b".repeat(TRAILER_BYTES_MAX)}\r\n\r\n`,
  "endless trailers without an end": `0\r\nA: ${"b".repeat(TRAILER_BYTES_MAX)}`,
};

for (const [name, text] of Object.entries(MALFORMED)) {
  test(`a chunked body with ${name} is refused, in one piece or in many`, () => {
    assert.equal(decode(text).outcome, "malformed");
    const each = Array.from({ length: text.length - 1 }, (_, index) => index + 1);
    assert.equal(decode(text, each).outcome, "malformed");
  });
}
