import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { VirtualClock } from "./virtual-clock.ts";

test("timers fire in order of time, then of creation, at their own time", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(20), { maxLength: 60 }), fc.nat(25), (delays, untilMs) => {
      const clock = new VirtualClock();
      const fired: (readonly [number, number])[] = [];
      for (const [index, delayMs] of delays.entries()) {
        clock.after(delayMs, () => {
          assert.equal(clock.nowMs(), delayMs);
          fired.push([delayMs, index]);
        });
      }
      clock.advanceTo(untilMs);
      const due = delays.map((delayMs, index) => [delayMs, index] as const).filter(([at]) => at <= untilMs);
      assert.deepEqual(
        fired,
        due.sort((a, b) => a[0] - b[0] || a[1] - b[1]),
      );
      assert.equal(clock.nowMs(), untilMs);
    }),
  );
});

test("a cancelled timer does not fire, and one set on the way does", () => {
  const clock = new VirtualClock(100);
  const fired: string[] = [];
  const cancel = clock.after(10, () => fired.push("cancelled"));
  clock.after(5, () => {
    cancel();
    clock.after(5, () => fired.push(`at ${clock.nowMs()}`));
  });
  clock.advanceTo(200);
  assert.deepEqual(fired, ["at 110"]);
  assert.equal(clock.nextDueMs(), undefined);
});

test("the clock never moves back", () => {
  const clock = new VirtualClock(100);
  clock.advanceTo(50);
  assert.equal(clock.nowMs(), 100);
});
