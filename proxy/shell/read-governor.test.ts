import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import { test } from "node:test";

import { VirtualClock } from "#runtime/virtual-clock.ts";

import { cpuLimits } from "../policy/read-limits.ts";
import { ReadGovernor } from "./read-governor.ts";
import { ReadThrottle } from "./read-throttle.ts";

class FakeSocket extends EventEmitter {
  isPaused = false;
  destroyed = false;
  bytesRead = 0;

  pause(): this {
    this.isPaused = true;
    return this;
  }

  resume(): this {
    this.isPaused = false;
    return this;
  }
}

const KERNEL_TICK_MICROS = 4_000;

/** A thread that works off its socket's data, and whatever else it is told to work on, in simulated time. */
class FakeThread {
  readonly clock = new VirtualClock();
  readonly throttle = new ReadThrottle();
  readonly socket = new FakeSocket();
  readonly governor: ReadGovernor;
  cpuMicros = 0;
  sleptMs = 0;
  heldMs = 0;
  /** The longest time without a rest. */
  runMsMax = 0;
  #asleepUntilMs = 0;
  /** CPU time as a kernel says that counts it in ticks, and whenever the thread stops. */
  #toldMicros = 0;

  constructor() {
    this.throttle.add(this.socket as never, "client");
    this.governor = new ReadGovernor({
      throttle: this.throttle,
      clock: this.clock,
      reason: "cpu",
      sides: ["client", "destination"],
      measure: () => this.#told(),
      measureAtMost: () => this.cpuMicros,
      idleUse: 100,
      sleep: (ms) => {
        this.sleptMs += ms;
        this.#asleepUntilMs = Math.max(this.#asleepUntilMs, this.clock.nowMs()) + ms;
        this.#toldMicros = this.cpuMicros;
      },
      held: (ms) => {
        this.heldMs += ms;
      },
    });
  }

  /** @param elseShare of the time that is used whether or not sockets are read. @returns the share of a core used. */
  run(ms: number, elseShare: number): number {
    const before = this.cpuMicros;
    const startedMs = this.clock.nowMs();
    for (let nowMs = startedMs + 1; nowMs <= startedMs + ms; nowMs++) {
      if (nowMs > this.#asleepUntilMs) this.cpuMicros += this.socket.isPaused ? 1_000 * elseShare : 1_000;
      this.clock.advanceTo(nowMs);
    }
    return (this.cpuMicros - before) / (ms * 1000);
  }

  /** A request per millisecond of work, and always another one. @returns the share of a core used. */
  serve(ms: number): number {
    const before = this.cpuMicros;
    const startedMs = this.clock.nowMs();
    let runMs = 0;
    for (let nowMs = startedMs + 1; nowMs <= startedMs + ms; nowMs++) {
      const isRunning = nowMs > this.#asleepUntilMs && !this.socket.isPaused;
      runMs = isRunning ? runMs + 1 : 0;
      this.runMsMax = Math.max(this.runMsMax, runMs);
      if (isRunning) this.cpuMicros += 1_000;
      this.clock.advanceTo(nowMs);
      if (isRunning) this.governor.wake();
    }
    return (this.cpuMicros - before) / (ms * 1000);
  }

  #told(): number {
    if (this.cpuMicros - this.#toldMicros >= KERNEL_TICK_MICROS) this.#toldMicros = this.cpuMicros;
    return this.#toldMicros;
  }
}

test("a flooded thread reads no more than its quota lets it, and all it likes once the quota goes", () => {
  const thread = new FakeThread();
  thread.governor.change(cpuLimits(250));
  assert.ok(Math.abs(thread.run(20_000, 0) - 0.25) < 0.01);
  assert.equal(thread.sleptMs, 0);
  assert.ok(Math.abs(thread.heldMs / 20_000 - 0.75) < 0.02);
  thread.governor.change(undefined);
  assert.equal(thread.run(1_000, 0), 1);
});

test("a thread that is flooded with requests rests after each millisecond, and is held to its quota all the same", () => {
  for (const cpuMilli of [100, 250, 500]) {
    const thread = new FakeThread();
    thread.governor.change(cpuLimits(cpuMilli));
    thread.serve(1_000);
    thread.runMsMax = 0;
    assert.ok(Math.abs(thread.serve(20_000) - cpuMilli / 1000) < 0.01, `${cpuMilli}m`);
    assert.ok(thread.runMsMax <= 2, `${cpuMilli}m ran for ${thread.runMsMax} ms`);
    assert.ok(thread.heldMs / 21_000 > 0.5 * (1 - cpuMilli / 1000));
  }
});

test("a thread that is not limited never rests", () => {
  const thread = new FakeThread();
  thread.governor.change(cpuLimits(1_000));
  assert.equal(thread.serve(1_000), 1);
  thread.governor.change(undefined);
  assert.equal(thread.serve(1_000), 1);
  assert.equal(thread.sleptMs, 0);
});

test("a changed quota holds within a second", () => {
  const thread = new FakeThread();
  thread.governor.change(cpuLimits(900));
  thread.run(5_000, 0);
  thread.governor.change(cpuLimits(100));
  thread.run(1_000, 0);
  assert.ok(Math.abs(thread.run(10_000, 0) - 0.1) < 0.01);
});

test("a thread whose work does not come from its sockets is put to sleep", () => {
  const thread = new FakeThread();
  thread.governor.change(cpuLimits(200));
  assert.ok(Math.abs(thread.run(20_000, 1) - 0.2) < 0.02);
  assert.ok(thread.sleptMs > 10_000);
});

test("a socket that comes while reading is held is held, and one that has closed is forgotten", () => {
  const { throttle, socket } = new FakeThread();
  throttle.hold("cpu");
  const late = new FakeSocket();
  throttle.add(late as never, "destination");
  assert.deepEqual([socket.isPaused, late.isPaused], [true, true]);
  late.bytesRead = 10;
  late.emit("close");
  assert.equal(throttle.open("client") + throttle.open("destination"), 1);
  assert.equal(throttle.bytesRead("destination"), 10);
  throttle.release("cpu");
  assert.deepEqual([socket.isPaused, late.isPaused], [false, true]);
});

test("neither a full receiver nor a quota undoes the other's pause", () => {
  const throttle = new ReadThrottle();
  const socket = new FakeSocket();
  const reads = throttle.add(socket as never, "client");
  reads.pause();
  throttle.hold("cpu");
  throttle.release("cpu");
  assert.equal(socket.isPaused, true);
  throttle.hold("bandwidth", ["client"]);
  reads.resume();
  assert.equal(socket.isPaused, true);
  throttle.hold("cpu");
  throttle.release("bandwidth", ["client"]);
  assert.equal(socket.isPaused, true);
  throttle.release("cpu");
  assert.equal(socket.isPaused, false);
});
