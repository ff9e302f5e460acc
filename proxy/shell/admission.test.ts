import assert from "node:assert/strict";
import { test } from "node:test";

import type { Quota } from "#model/mesh-profile.ts";
import { VirtualClock } from "#runtime/virtual-clock.ts";

import { QuotaGate } from "../policy/quota-gate.ts";
import { Admission } from "./admission.ts";
import type { Leave } from "./admission.ts";
import { ReadThrottle } from "./read-throttle.ts";

class AdmissionBed {
  readonly clock = new VirtualClock();
  readonly admission: Admission;
  readonly said: string[] = [];

  constructor(quota: Quota) {
    const { clock } = this;
    const gate = new QuotaGate(quota, clock.nowMs());
    this.admission = new Admission({ gate, clock, throttle: new ReadThrottle(), arrived: () => undefined });
  }

  enter(name: string): Leave {
    return this.admission.enter({
      admitted: (queuedMs) => this.said.push(`${name} in after ${queuedMs}`),
      refused: (reason, _, queuedMs) => this.said.push(`${name} ${reason} after ${queuedMs}`),
    });
  }
}

test("requests wait in line for the concurrency, first come, first served, each for a bounded time", () => {
  const bed = new AdmissionBed({ concurrency: 1, queue: 3, queueMs: 100 });
  const { admission, clock, said } = bed;
  const leaveA = bed.enter("a");
  const leaveB = bed.enter("b");
  clock.advanceTo(50);
  bed.enter("c");
  const leaveD = bed.enter("d");
  bed.enter("e");
  assert.deepEqual(said.splice(0), ["a in after 0", "e concurrencyLimited after 0"]);
  leaveA();
  leaveA();
  assert.deepEqual(said.splice(0), ["b in after 50"]);
  leaveD();
  assert.equal(admission.waiting, 1);
  clock.advanceTo(150);
  assert.deepEqual(said.splice(0), ["c queueDeadline after 100"]);
  leaveB();
  assert.deepEqual([admission.inProgress, admission.waiting], [0, 0]);
});

test("a raised concurrency lets those in that wait", () => {
  const bed = new AdmissionBed({ concurrency: 1, queue: 3 });
  for (const name of ["a", "b", "c"]) bed.enter(name);
  bed.admission.change({ concurrency: 2, queue: 3 });
  assert.deepEqual(bed.said, ["a in after 0", "b in after 0"]);
});

test("nobody who comes later overtakes the queue", () => {
  const bed = new AdmissionBed({ concurrency: 2, queue: 2 });
  const leave = bed.enter("a");
  bed.enter("b");
  bed.enter("c");
  bed.enter("d");
  bed.enter("e");
  leave();
  assert.deepEqual(bed.said.slice(2), ["e concurrencyLimited after 0", "c in after 0"]);
});

test("whoever waits for the concurrency is held to the rate when its turn comes", () => {
  const bed = new AdmissionBed({ concurrency: 1, queue: 2, requestsPerSecond: 0.01, burst: 1 });
  const leave = bed.enter("a");
  bed.enter("b");
  leave();
  assert.deepEqual(bed.said, ["a in after 0", "b rateLimited after 0"]);
});

test("while requests are shed none is let in, and those in progress go on", () => {
  const bed = new AdmissionBed({});
  const leave = bed.enter("a");
  bed.admission.shed("memoryLimited");
  bed.enter("b");
  assert.equal(bed.admission.inProgress, 1);
  leave();
  bed.admission.shed(undefined);
  bed.enter("c");
  assert.deepEqual(bed.said, ["a in after 0", "b memoryLimited after 0", "c in after 0"]);
});
