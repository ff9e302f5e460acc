import assert from "node:assert/strict";
import { test } from "node:test";
import { keepHeapTight, youngBytes } from "./tight-heap.ts";

const MIB = 1024 ** 2;

test("the young part of the heap stays as large as it is, however much is made and kept", () => {
  const kept: number[][] = [];
  // What loading a program does: by itself the young part grows with what outlives a collection.
  while (youngBytes() < 8 * MIB) kept.push(Array.from({ length: 1_000 }, (_, index) => index));
  const before = youngBytes();
  keepHeapTight();
  for (let made = 0; made < 20_000; made++) kept.push(Array.from({ length: 1_000 }, (_, index) => index));
  assert.ok(kept.length > 20_000);
  assert.ok(youngBytes() <= before, `${youngBytes()} bytes after ${before}`);
});
