import assert from "node:assert/strict";
import { test } from "node:test";
import { keepHeapTight, youngBytes } from "./tight-heap.ts";

const MIB = 1024 ** 2;

test("the young part of the heap stays at a small size, however much is made and kept", () => {
  const kept: number[][] = [];
  keepHeapTight();
  const before = youngBytes();
  assert.ok(before >= 16 * MIB && before <= 32 * MIB, `${before} bytes`);
  for (let made = 0; made < 8_000; made++) kept.push(Array.from({ length: 1_000 }, (_, index) => index));
  assert.equal(kept.length, 8_000);
  assert.ok(youngBytes() <= before, `${youngBytes()} bytes after ${before}`);
});
