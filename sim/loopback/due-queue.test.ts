import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { VirtualClock } from "#runtime/virtual-clock.ts";
import { DueQueue } from "./due-queue.ts";

test("tasks run when due, in order of time and then of creation, whatever order they came in", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(20), { maxLength: 60 }), (delays) => {
      const clock = new VirtualClock(0);
      const queue = new DueQueue(clock);
      const ran: number[] = [];
      delays.forEach((delayMs, index) => queue.add(delayMs, () => ran.push(index)));
      const expected = delays
        .map((_, index) => index)
        .sort((a, b) => (delays[a] ?? 0) - (delays[b] ?? 0) || a - b);
      clock.advance(9);
      assert.deepEqual(
        ran,
        expected.filter((index) => (delays[index] ?? 0) <= 9),
      );
      clock.advance(11);
      assert.deepEqual(ran, expected);
    }),
  );
});

test("a task added for an earlier time overtakes the timer that is set", () => {
  const clock = new VirtualClock(0);
  const queue = new DueQueue(clock);
  const ran: string[] = [];
  queue.add(100, () => ran.push("late"));
  queue.add(10, () => ran.push("early"));
  clock.advance(10);
  assert.deepEqual(ran, ["early"]);
  queue.clear();
  clock.advance(1_000);
  assert.deepEqual(ran, ["early"]);
});
