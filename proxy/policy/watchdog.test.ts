import assert from "node:assert/strict";
import { test } from "node:test";

import { DEFAULT_WATCHDOG_LIMITS, isSpinning, isStalled, newWatchdog, observe } from "./watchdog.ts";

const limits = DEFAULT_WATCHDOG_LIMITS;

function afterSilence(silentMs: number, cpuShare: number): boolean {
  let state = observe(newWatchdog, { progress: 1, cpuMicros: 0, elapsedMs: 250 });
  let cpuMicros = 0;
  for (let elapsedMs = 0; elapsedMs < silentMs; elapsedMs += 250) {
    cpuMicros += 250_000 * cpuShare;
    state = observe(state, { progress: 1, cpuMicros, elapsedMs: 250 });
  }
  return isStalled(state, cpuMicros, limits);
}

test("a worker that burns CPU without a beat is stuck", () => {
  assert.equal(afterSilence(limits.busyMs - 250, 1), false);
  assert.equal(afterSilence(limits.busyMs, 1), true);
});

test("a worker that gets no CPU is given more time, but not for ever", () => {
  assert.equal(afterSilence(limits.busyMs, 0), false);
  assert.equal(afterSilence(limits.silentMs, 0), true);
});

test("a worker that beats is not stuck, however much CPU it uses", () => {
  let state = newWatchdog;
  for (let beats = 1; beats < 1000; beats++) {
    state = observe(state, { progress: beats, cpuMicros: beats * 250_000, elapsedMs: 250 });
    assert.equal(isStalled(state, beats * 250_000, limits), false);
  }
});

test("a worker that answers in the middle of a loop is stuck within a fifth of a second", () => {
  let state = observe(newWatchdog, { progress: 1, cpuMicros: 0, elapsedMs: 25 });
  let silentMs = 0;
  while (!isSpinning(state, silentMs * 1000, limits)) {
    silentMs += 25;
    state = observe(state, { progress: 1, cpuMicros: silentMs * 1000, elapsedMs: 25 });
  }
  assert.equal(silentMs, limits.spinMs);
  assert.equal(isSpinning(state, 10_000, limits), false);
  assert.equal(isStalled(state, silentMs * 1000, limits), false);
});
