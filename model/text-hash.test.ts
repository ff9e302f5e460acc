import assert from "node:assert/strict";
import { test } from "node:test";
import { textHash } from "./text-hash.ts";

test("texts have the numbers that FNV-1a was published with", () => {
  assert.deepEqual(["", "a", "foobar"].map(textHash), [0x811c9dc5, 0xe40c292c, 0xbf9cf968]);
});
