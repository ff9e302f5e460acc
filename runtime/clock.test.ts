import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";
import { steadyClock, systemClock } from "./clock.ts";

const MACHINE_MS = 1_000_000;

beforeEach(() => {
  mock.timers.reset();
  mock.timers.enable({ apis: ["setTimeout", "Date"], now: MACHINE_MS });
});

test("the machine's clock shows the machine's time", () => {
  const clock = systemClock();
  mock.timers.tick(250);
  assert.equal(clock.nowMs(), MACHINE_MS + 250);
});

test("a clock that runs faster shortens delays alike", () => {
  const clock = systemClock(60);
  const fired: number[] = [];
  clock.after(120_000, () => fired.push(clock.nowMs()));
  mock.timers.tick(1_999);
  assert.deepEqual(fired, []);
  mock.timers.tick(1);
  assert.deepEqual(fired, [MACHINE_MS + 120_000]);
});

test("clocks that run faster since the same moment agree, whenever they were made", () => {
  const first = systemClock(60, MACHINE_MS);
  mock.timers.tick(2_000);
  const second = systemClock(60, MACHINE_MS);
  mock.timers.tick(10);
  assert.equal(first.nowMs(), MACHINE_MS + 120_600);
  assert.equal(second.nowMs(), first.nowMs());
});

test("a cancelled task does not run, and a delay below zero is none", () => {
  const clock = systemClock();
  const fired: string[] = [];
  const cancel = clock.after(10, () => fired.push("cancelled"));
  clock.after(-10, () => fired.push("late"));
  cancel();
  cancel();
  mock.timers.tick(20);
  assert.deepEqual(fired, ["late"]);
});

test("a delay beyond what timers hold does not run at once", () => {
  const fired: string[] = [];
  systemClock().after(2 ** 40, () => fired.push("early"));
  mock.timers.tick(1_000_000);
  assert.deepEqual(fired, []);
});

test("a steady clock goes on evenly when the machine's time is set, forwards or back", () => {
  let elapsedMs = 70;
  const clock = steadyClock(systemClock(), 2, () => elapsedMs);
  const startMs = clock.nowMs();
  for (const setMs of [MACHINE_MS + 86_400_000, MACHINE_MS - 86_400_000]) {
    mock.timers.setTime(Math.max(0, setMs));
    assert.equal(clock.nowMs(), startMs);
  }
  elapsedMs += 500;
  assert.equal(clock.nowMs(), startMs + 1_000);
});
