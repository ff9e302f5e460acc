import assert from "node:assert/strict";
import { test } from "node:test";

import type { AppName } from "#model/brand.ts";

import { CostMeter } from "./cost-meter.ts";
import type { Instance } from "./instance.ts";

function anInstance(app: string, cpuSeconds: number, memoryBytes: number): Instance {
  return { app: app as AppName, cpuSeconds, memoryBytes } as Instance;
}

const A = "shop/a" as AppName;
const B = "shop/b" as AppName;

test("what no thread of an instance did is shared by those who worked meanwhile, and shown apart", () => {
  const meter = new CostMeter();
  meter.turn([anInstance(A, 0, 10), anInstance(B, 0, 10)], { cpuSeconds: 1, residentBytes: 50 });
  meter.turn([anInstance(A, 3, 10), anInstance(B, 1, 20)], { cpuSeconds: 7, residentBytes: 50 });
  assert.equal(meter.sharedCpuSeconds, 2);
  assert.deepEqual([meter.spreadCpuSeconds(A), meter.spreadCpuSeconds(B)], [1.5, 0.5]);
  assert.equal(meter.sharedBytes, 20);
});

test("counts never fall, whatever comes late", () => {
  const meter = new CostMeter();
  meter.turn([anInstance(A, 0, 0)], { cpuSeconds: 1, residentBytes: 1 });
  meter.turn([anInstance(A, 5, 0)], { cpuSeconds: 2, residentBytes: 1 });
  assert.deepEqual([meter.sharedCpuSeconds, meter.spreadCpuSeconds(A)], [0, 0]);
  meter.turn([], { cpuSeconds: 3, residentBytes: 1 });
  assert.equal(meter.sharedCpuSeconds, 1);
});
