import assert from "node:assert/strict";
import { test } from "node:test";

import { fatalErrorOf } from "./fatal-error.ts";

test("V8's last words tell a full heap from another abort", () => {
  const collections = "\n<--- Last few GCs --->\n\n[7:0x5] 812 ms: Mark-Compact 24.1 (26.0) -> 24.0\n\n";
  const full = "FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory\n";
  assert.deepEqual(fatalErrorOf(`${collections}${full}----- Native stack trace -----\n`), {
    reason: "out-of-memory",
    message: "Reached heap limit Allocation failed - JavaScript heap out of memory",
  });
  const other = fatalErrorOf("FATAL ERROR: v8::ToLocalChecked Empty MaybeLocal\n");
  assert.equal(other?.reason, "aborted");
  assert.equal(fatalErrorOf("an app that prints FATAL ERROR: in the middle of a line"), undefined);
  assert.equal(fatalErrorOf(""), undefined);
});
