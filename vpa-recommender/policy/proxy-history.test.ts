import assert from "node:assert/strict";
import { test } from "node:test";
import type { AppName } from "#model/brand.ts";
import type { HistoryFault, TimedValue } from "./range-samples.ts";
import { type InstanceSeries, type NodeSeries, pastReadings } from "./proxy-history.ts";

const CART = "shop/cart" as AppName;
const STEP_MS = 300_000;
const MIB = 1024 ** 2;
const BASE = { cpuMilli: 100, memoryBytes: 64 * MIB };

/** A value at each step; undefined where it is missing. */
function series(...values: readonly (number | undefined)[]): readonly TimedValue[] {
  return values.flatMap((value, step) => (value === undefined ? [] : [{ timeMs: step * STEP_MS, value }]));
}

function cart(changes: Partial<InstanceSeries> = {}): InstanceSeries {
  return {
    pods: series(2, 2, 2),
    connections: series(10, 30, 30),
    requests: series(0, 300_000, 600_000),
    cpuSeconds: series(0, 60, 120),
    cpuHeldSeconds: series(0, 0, 60),
    memoryBytes: series(50 * MIB, 50 * MIB, 50 * MIB),
    ...changes,
  };
}

function node(instance: InstanceSeries, cpu = series(0, 90, 180)): NodeSeries {
  const residentBytes = series(128 * MIB, 128 * MIB, 128 * MIB);
  return { host: { cpuSeconds: cpu, residentBytes }, instances: new Map([[CART, instance]]) };
}

function read(nodeSeries: NodeSeries): { readings: ReturnType<typeof pastReadings>; faults: HistoryFault[] } {
  const faults: HistoryFault[] = [];
  return { readings: pastReadings(nodeSeries, BASE, (fault) => void faults.push(fault)), faults };
}

test("counters by moment become what the live source would have read", () => {
  const { readings, faults } = read(node(cart()));
  assert.deepEqual(faults, []);
  assert.equal(readings.length, 2);
  const [first, second] = readings;
  assert.deepEqual(first?.used, { cpuMilli: 300, memoryBytes: 128 * MIB });
  assert.deepEqual([...(first?.pods ?? [])], [[CART, 2]]);
  const usage = first?.instances.get(CART);
  // 200m of its own; the rest that neither base nor instance explain is its, too.
  assert.deepEqual(usage?.used, { cpuMilli: 200, memoryBytes: 64 * MIB });
  assert.deepEqual([usage?.connections, usage?.kiloRps, usage?.isThrottled], [20, 1, false]);
  assert.equal(second?.instances.get(CART)?.isThrottled, true);
});

test("a restarted proxy, whose counters begin anew, is no reading", () => {
  const { readings } = read(node(cart(), series(90, 10, 100)));
  assert.deepEqual(
    readings.map(({ timeMs }) => timeMs),
    [2 * STEP_MS],
  );
});

test("a moment without one of its parts is counted, and nothing is made up for it", () => {
  const { readings, faults } = read(node(cart({ memoryBytes: series(50 * MIB, undefined, 50 * MIB) })));
  assert.deepEqual(faults, ["missing"]);
  // Without the app's part it looks as if its pods had gone and come back.
  assert.deepEqual(readings, []);
});

test("a gap longer than a reading's longest interval is bridged by nothing", () => {
  const far = [
    { timeMs: 0, value: 0 },
    { timeMs: 3 * STEP_MS, value: 90 },
  ];
  const residentBytes = far.map(({ timeMs }) => ({ timeMs, value: MIB }));
  const { readings } = read({ host: { cpuSeconds: far, residentBytes }, instances: new Map() });
  assert.deepEqual(readings, []);
});

test("while pods come and go the usage is held against nothing", () => {
  const { readings } = read(node(cart({ pods: series(2, 3, 3) })));
  assert.deepEqual(
    readings.map(({ timeMs }) => timeMs),
    [2 * STEP_MS],
  );
});
