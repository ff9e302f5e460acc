import assert from "node:assert/strict";
import { test } from "node:test";
import { VirtualClock } from "#runtime/virtual-clock.ts";
import { StallGuard } from "./stall-guard.ts";

test("a stream is stalled once nothing came for the limit, counted from the last time something did", () => {
  const clock = new VirtualClock();
  const guard = new StallGuard(clock, 1_000);
  clock.advance(999);
  guard.touch();
  clock.advance(999);
  assert.equal(guard.isStalled, false);
  clock.advance(1);
  assert.equal(guard.isStalled, true);
  assert.equal(guard.signal.aborted, true);
});

test("a stopped guard leaves no timer behind", () => {
  const clock = new VirtualClock();
  const guard = new StallGuard(clock, 1_000);
  guard.touch();
  clock.advance(500);
  guard.stop();
  assert.equal(clock.nextDueMs(), undefined);
  assert.equal(guard.isStalled, false);
});
