import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { OperationError } from "#runtime/operation-error.ts";
import { boundedBody } from "./bounded-body.ts";
import { jsonLines } from "./json-lines.ts";

async function* chunksOf(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < bytes.length; start += size) yield bytes.subarray(start, start + size);
}

async function linesOf(text: string, options: { size: number; lineBytesMax?: number }): Promise<string[]> {
  const lines: string[] = [];
  const chunks = chunksOf(Buffer.from(text), options.size);
  for await (const line of jsonLines(chunks, options.lineBytesMax ?? 1_000)) lines.push(line);
  return lines;
}

test("lines come out the same however the bytes are cut", async () => {
  const value = fc.oneof(fc.string({ unit: "grapheme" }), fc.integer(), fc.constant("日本語🚢"));
  await fc.assert(
    fc.asyncProperty(
      fc.array(value, { maxLength: 20 }),
      fc.integer({ min: 1, max: 64 }),
      async (values, size) => {
        const documents = values.map((item) => JSON.stringify({ item }));
        assert.deepEqual(await linesOf(documents.map((line) => `${line}\n`).join(""), { size }), documents);
        assert.deepEqual(await linesOf(documents.join("\n"), { size }), documents);
      },
    ),
  );
});

test("empty lines are left out", async () => {
  assert.deepEqual(await linesOf("\n\r\n1\r\n\n2", { size: 3 }), ["1", "2"]);
});

test("a line that grows past the limit is refused before its end is there", async () => {
  const isTooLong = (error: unknown) => error instanceof OperationError && error.code === "KubeLineTooLong";
  await assert.rejects(linesOf("x".repeat(11), { size: 4, lineBytesMax: 10 }), isTooLong);
  await assert.rejects(linesOf(`${"x".repeat(11)}\n`, { size: 64, lineBytesMax: 10 }), isTooLong);
  assert.deepEqual(await linesOf(`${"x".repeat(10)}\n1\n`, { size: 4, lineBytesMax: 10 }), [
    "x".repeat(10),
    "1",
  ]);
});

test("a body larger than its limit is refused", async () => {
  assert.equal(await boundedBody(chunksOf(Buffer.from("größe"), 1), 7), "größe");
  await assert.rejects(
    boundedBody(chunksOf(Buffer.from("größer"), 3), 7),
    (error) => error instanceof OperationError && error.code === "KubeBodyTooLarge",
  );
});
