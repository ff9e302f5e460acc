// What this parser takes, Node's own must take in the same way: the same messages, with the same fields and bodies.

import assert from "node:assert/strict";
import { createServer, METHODS } from "node:http";
import { Duplex } from "node:stream";
import { test } from "node:test";

import * as fc from "fast-check";

import { ChunkedBody } from "./chunked-body.ts";
import { RequestHead } from "./request-head.ts";

interface Message {
  readonly method: string;
  readonly target: string;
  readonly fields: readonly string[];
  readonly body: string;
}

/** Every whole message before the first that is refused or does not end, and where the last of them ends. */
function ours(bytes: Buffer): { readonly messages: readonly Message[]; readonly ends: readonly number[] } {
  const ends: number[] = [];
  const messages: Message[] = [];
  let rest = bytes;
  for (;;) {
    const head = new RequestHead();
    if (head.read(rest, rest.length) !== "complete") return { messages, ends };
    let body = "";
    let end = head.end;
    if (head.framing === "chunked") {
      const chunked = new ChunkedBody();
      if (chunked.read(rest, end, rest.length) !== "done") return { messages, ends };
      for (let index = 0; index < chunked.ranges.length; index += 2) {
        body += rest.toString("latin1", chunked.ranges[index], chunked.ranges[index + 1]);
      }
      ({ end } = chunked);
    } else if (head.framing === "length") {
      end += head.contentLength;
      if (end > rest.length) return { messages, ends };
      body = rest.toString("latin1", head.end, end);
    }
    const fields: string[] = [];
    for (let index = 0; index < head.fields.count; index++) {
      const { fields: lines, text } = head;
      fields.push(
        text.slice(lines.start(index), lines.nameEnd(index)),
        text.slice(lines.valueStart(index), lines.valueEnd(index)),
      );
    }
    messages.push({ method: head.method, target: head.target, fields, body });
    rest = rest.subarray(end);
    ends.push(bytes.length - rest.length);
    // What follows is not answered.
    if (!head.isPersistent) return { messages, ends };
  }
}

/** What a server of Node's makes of the bytes, which are those of `count` messages. */
async function nodes(bytes: Buffer, count: number): Promise<readonly Message[]> {
  const messages: Message[] = [];
  let begun = 0;
  let ended = 0;
  const { promise, resolve } = Promise.withResolvers<void>();
  const socket = new Duplex({ read: () => undefined, write: (_chunk, _encoding, done) => done() });
  const server = createServer(
    { requireHostHeader: false, insecureHTTPParser: false },
    (request, response) => {
      const message = { method: request.method ?? "", target: request.url ?? "", fields: request.rawHeaders };
      const at = begun++;
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => {
        messages[at] = { ...message, body: Buffer.concat(chunks).toString("latin1") };
        response.end();
        ended += 1;
        if (ended === count) resolve();
      });
    },
  );
  server.on("clientError", () => setImmediate(resolve));
  server.emit("connection", socket);
  socket.push(withoutTabsBehindCodings(bytes));
  await promise;
  socket.destroy();
  return messages;
}

/**
 * A tab behind a coding is white space that does not count (RFC 9110 §5.6.3), and goes no further here. Node's parser takes
 * a space there, and a tab behind every other value.
 */
function withoutTabsBehindCodings(bytes: Buffer): Buffer {
  const text = bytes.toString("latin1");
  return Buffer.from(
    text.replaceAll(/(?<=chunked)[ \t]+(?=\r\n)/gi, (blanks) => " ".repeat(blanks.length)),
    "latin1",
  );
}

const method = fc.constantFrom("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH");
const target = fc.constantFrom("/", "/a?b=c", "http://shop:80/x", "/%00");
const field = fc.constantFrom(
  "A: b",
  "X-Y:z ",
  "Cookie: a=b; c=d",
  "Host2:\t1",
  "Connection: keep-alive",
  "TE: trailers",
  "B:",
  "Accept: \xe4",
);
const body = fc.oneof(
  fc.constant("\r\n"),
  fc
    .string({ unit: "binary-ascii", maxLength: 30 })
    .map((text) => `Content-Length: ${text.length}\r\n\r\n${text}`),
  fc
    .tuple(
      fc.array(fc.string({ unit: "binary-ascii", minLength: 1, maxLength: 20 }), { maxLength: 3 }),
      fc.constantFrom("", ";x=y"),
      fc.constantFrom("", "T: u\r\n"),
    )
    .map(
      ([chunks, extension, trailer]) =>
        `Transfer-Encoding: chunked\r\n\r\n${chunks.map((chunk) => `${chunk.length.toString(16)}${extension}\r\n${chunk}\r\n`).join("")}0\r\n${trailer}\r\n`,
    ),
);
const request = fc
  .tuple(method, target, fc.array(field, { maxLength: 4 }), body)
  .map(
    ([name, uri, fields, rest]) =>
      `${name} ${uri} HTTP/1.1\r\nHost: shop\r\n${fields.map((line) => `${line}\r\n`).join("")}${rest}`,
  );
const requests = fc.array(request, { minLength: 1, maxLength: 3 });

test("requests that are well-formed are read as Node reads them", async () => {
  await fc.assert(
    fc.asyncProperty(requests, async (texts) => {
      const bytes = Buffer.from(texts.join(""), "latin1");
      const { messages, ends } = ours(bytes);
      assert.equal(messages.length, texts.length);
      assert.equal(ends.at(-1), bytes.length);
      assert.deepEqual(await nodes(bytes, messages.length), messages);
    }),
    { numRuns: 150 },
  );
});

const spoiling = fc.record({
  at: fc.nat(400),
  removed: fc.nat(3),
  added: fc.constantFrom(
    "",
    "\r",
    "\n",
    "\r\n",
    " ",
    "\t",
    ":",
    ",",
    ";",
    "0",
    "a",
    "\0",
    "\x7f",
    "\xff",
    "Content-Length: 3\r\n",
    "Transfer-Encoding: chunked\r\n",
    "\r\n\r\n",
    "\r\n b",
  ),
});

test("blanks behind a coding do not count, whichever they are", async () => {
  for (const blanks of ["", " ", "\t", " \t"]) {
    const bytes = Buffer.from(
      `POST / HTTP/1.1\r\nHost: shop\r\nTransfer-Encoding: chunked${blanks}\r\n\r\n1\r\na\r\n0\r\n\r\n`,
    );
    const { messages } = ours(bytes);
    assert.equal(messages[0]?.fields.at(-1), "chunked");
    assert.deepEqual(await nodes(bytes, 1), messages);
  }
});

test("requests that are spoiled are refused, or read as Node reads them", async () => {
  let read = 0;
  await fc.assert(
    fc.asyncProperty(
      requests,
      fc.array(spoiling, { minLength: 1, maxLength: 2 }),
      async (texts, spoilings) => {
        let text = texts.join("");
        for (const { at, removed, added } of spoilings) {
          const place = at % text.length;
          text = text.slice(0, place) + added + text.slice(place + removed);
        }
        const bytes = Buffer.from(text, "latin1");
        const { messages, ends } = ours(bytes);
        // Node knows a list of methods and takes nothing else.
        const strange = messages.findIndex(({ method }) => !METHODS.includes(method) || method === "CONNECT");
        const known = strange < 0 ? messages : messages.slice(0, strange);
        if (known.length === 0) return;
        read += known.length;
        assert.deepEqual(await nodes(bytes.subarray(0, ends[known.length - 1]), known.length), known);
      },
    ),
    { numRuns: 600 },
  );
  assert.ok(read > 100, "hardly a message was compared");
});
