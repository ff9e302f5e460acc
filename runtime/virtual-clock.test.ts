import assert from "node:assert/strict";
import { test } from "node:test";
import { VirtualClock } from "./virtual-clock.ts";

test("tasks run in order of time and then of creation, each at its own time", () => {
  const clock = new VirtualClock(100);
  const ran: string[] = [];
  const note = (name: string) => (): void => void ran.push(`${name} at ${clock.nowMs()}`);
  clock.after(20, note("third"));
  clock.after(10, note("first"));
  clock.after(10, note("second"));
  clock.advance(15);
  assert.deepEqual(ran, ["first at 110", "second at 110"]);
  assert.equal(clock.nowMs(), 115);
  clock.advance(5);
  assert.deepEqual(ran.slice(2), ["third at 120"]);
});

test("a task that a task sets runs within the same step if it is due", () => {
  const clock = new VirtualClock();
  const ran: number[] = [];
  const again = (): void => {
    ran.push(clock.nowMs());
    if (ran.length < 3) clock.after(10, again);
  };
  clock.after(10, again);
  clock.advance(100);
  assert.deepEqual(ran, [10, 20, 30]);
});

test("time never moves back, and a delay below zero is none", () => {
  const clock = new VirtualClock(100);
  const ran: number[] = [];
  clock.after(-50, () => ran.push(clock.nowMs()));
  clock.advanceTo(40);
  assert.equal(clock.nowMs(), 100);
  clock.advance(0);
  assert.deepEqual(ran, [100]);
});

test("the next task is known until it is cancelled", () => {
  const clock = new VirtualClock(100);
  assert.equal(clock.nextDueMs(), undefined);
  const cancel = clock.after(10, () => assert.fail("cancelled"));
  clock.after(30, () => undefined);
  assert.equal(clock.nextDueMs(), 110);
  cancel();
  assert.equal(clock.nextDueMs(), 130);
  clock.advance(20);
});
