import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { VirtualClock } from "#runtime/virtual-clock.ts";
import { anApiPod } from "#test/builders/an-api-pod.ts";
import { decodeDriverPod, type DriverPod } from "./decode-scheduling.ts";
import { SchedulingQueue } from "./scheduling-queue.ts";

let clock: VirtualClock;
let queue: SchedulingQueue;
let wakes: number;

beforeEach(() => {
  clock = new VirtualClock(1_000_000);
  wakes = 0;
  queue = new SchedulingQueue(clock, () => wakes++);
});

function aWaitingPod(uid: string, cpu = "100m"): DriverPod {
  const containers = [{ name: "app", resources: { requests: { cpu } } }];
  return decodeDriverPod(anApiPod({ metadata: { uid, name: uid }, spec: { nodeName: "", containers } }));
}

function next(): string | undefined {
  return queue.next()?.view.uid;
}

test("pods are tried in order of arrival, each once until it is given back", () => {
  queue.put(aWaitingPod("a"));
  queue.put(aWaitingPod("b"));
  assert.equal(wakes, 2);
  assert.deepEqual([next(), next(), next()], ["a", "b", undefined]);
  assert.equal(queue.size, 2);
});

test("a pod's newest state is the one that is tried", () => {
  queue.put(aWaitingPod("a", "100m"));
  queue.put(aWaitingPod("a", "300m"));
  assert.equal(queue.next()?.view.request.cpuMilli, 300);
  assert.equal(queue.next(), undefined);
});

test("a pod that no node took waits for an event, and then for the rest of its backoff", () => {
  queue.put(aWaitingPod("a"));
  next();
  queue.unschedulable("a");
  clock.advance(60_000);
  assert.equal(queue.hasActive, false);
  queue.moveAll();
  assert.equal(next(), "a");
  queue.unschedulable("a");
  queue.moveAll();
  assert.equal(queue.hasActive, false);
  clock.advance(1_999);
  assert.equal(queue.hasActive, false);
  clock.advance(1);
  assert.equal(next(), "a");
});

test("an event that comes during a pod's cycle is not lost on it", () => {
  queue.put(aWaitingPod("a"));
  next();
  queue.moveAll();
  queue.unschedulable("a");
  clock.advance(1_000);
  assert.equal(next(), "a");
  queue.unschedulable("a");
  clock.advance(60_000);
  assert.equal(queue.hasActive, false, "one event, one try");
});

test("a pod whose cycle failed is tried again after its backoff, event or none", () => {
  queue.put(aWaitingPod("a"));
  const waits: number[] = [];
  for (let attempt = 0; attempt < 6; attempt++) {
    const startedMs = clock.nowMs();
    while (!queue.hasActive) clock.advance(100);
    waits.push(clock.nowMs() - startedMs);
    next();
    queue.failed("a");
  }
  assert.deepEqual(waits, [0, 1_000, 2_000, 4_000, 8_000, 10_000]);
});

test("a pod that is gone is not tried, wherever it was", () => {
  for (const uid of ["active", "backing-off", "unschedulable", "in-cycle"]) queue.put(aWaitingPod(uid));
  queue.remove("active");
  assert.equal(next(), "backing-off");
  queue.failed("backing-off");
  assert.equal(next(), "unschedulable");
  queue.unschedulable("unschedulable");
  assert.equal(next(), "in-cycle");
  for (const uid of ["backing-off", "unschedulable", "in-cycle"]) queue.remove(uid);
  queue.failed("in-cycle");
  queue.unschedulable("in-cycle");
  queue.moveAll();
  clock.advance(60_000);
  assert.equal(queue.hasActive, false);
  assert.equal(queue.size, 0);
});

test("a stopped queue wakes nobody", () => {
  queue.put(aWaitingPod("a"));
  next();
  queue.failed("a");
  queue.stop();
  clock.advance(60_000);
  assert.equal(wakes, 1);
});
