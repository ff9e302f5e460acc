import assert from "node:assert/strict";
import { test } from "node:test";
import { UsageAggregate } from "./usage-aggregate.ts";
import { type ContainerPolicy, vpaRecommendation } from "./vpa-recommendation.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const START_MS = Date.UTC(2026, 0, 5);
const GIB = 1024 ** 3;

const ANY: ContainerPolicy = {
  name: "*",
  isOff: false,
  minAllowed: {},
  maxAllowed: {},
  controlled: ["cpuMilli", "memoryBytes"],
};

test("a container without samples gets the floor, shared among its pod's containers", () => {
  const containers = new Map(["a", "b"].map((name) => [name, new UsageAggregate(START_MS)]));
  const [first] = vpaRecommendation(containers, { policies: [] });
  assert.deepEqual(first?.target, { cpuMilli: 12, memoryBytes: 125 * 1024 ** 2 });
});

test("after a step from half a core to one, the target follows within hours upwards and days downwards", () => {
  const hoursUntil = (from: number, to: number, isThere: (target: number) => boolean): number => {
    const aggregate = new UsageAggregate(START_MS);
    let nowMs = START_MS;
    for (; nowMs < START_MS + 14 * DAY_MS; nowMs += MINUTE_MS) aggregate.addCpu(from, nowMs);
    const stepMs = nowMs;
    for (; ; nowMs += MINUTE_MS) {
      aggregate.addCpu(to, nowMs);
      if (isThere(targetOf(aggregate))) return (nowMs - stepMs) / HOUR_MS;
    }
  };
  assert.equal(hoursUntil(500, 1000, (target) => target > 1000).toFixed(1), "3.6");
  assert.equal(Math.round(hoursUntil(1000, 500, (target) => target < 1000)), 80);
});

test("bounds are wide while little is known, and narrow with the days", () => {
  const after = (days: number) => {
    const aggregate = new UsageAggregate(START_MS);
    for (let minute = 0; minute < days * 24 * 60; minute++)
      aggregate.addCpu(1000, START_MS + minute * MINUTE_MS);
    const [only] = vpaRecommendation(new Map([["c", aggregate]]), { policies: [] });
    return only?.upperBound.cpuMilli ?? 0;
  };
  const target = 1.15 * 1000;
  assert.ok(after(1) > 2 * target && after(7) < 1.3 * target, `${after(1)}, ${after(7)}`);
});

test("what the owner allows caps the target and its bounds, and spares the uncapped target", () => {
  const aggregate = busyFor(DAY_MS);
  const policy = { ...ANY, maxAllowed: { cpuMilli: 700 }, minAllowed: { memoryBytes: 3 * GIB } };
  const [only] = vpaRecommendation(new Map([["c", aggregate]]), { policies: [policy] });
  assert.deepEqual(only?.target, { cpuMilli: 700, memoryBytes: 3 * GIB });
  assert.ok((only?.uncappedTarget.cpuMilli ?? 0) > 1000);
  assert.equal(only?.upperBound.cpuMilli, 700);
});

test("a container with a policy of its own is not ruled by the one for all", () => {
  const containers = new Map(["own", "other"].map((name) => [name, busyFor(DAY_MS)]));
  const policies = [
    { ...ANY, isOff: true },
    { ...ANY, name: "own", controlled: ["memoryBytes"] as const },
  ];
  const recommended = vpaRecommendation(containers, { policies });
  assert.deepEqual(
    recommended.map(({ name, target }) => [name, Object.keys(target)]),
    [["own", ["memoryBytes"]]],
  );
});

test("values are rounded up to whole steps", () => {
  const roundTo = { cpuMilli: 50, memoryBytes: 64 * 1024 ** 2 };
  const [only] = vpaRecommendation(new Map([["c", busyFor(DAY_MS)]]), { policies: [], roundTo });
  assert.equal((only?.target.cpuMilli ?? 1) % roundTo.cpuMilli, 0);
  assert.equal((only?.target.memoryBytes ?? 1) % roundTo.memoryBytes, 0);
});

function targetOf(aggregate: UsageAggregate): number {
  return vpaRecommendation(new Map([["c", aggregate]]), { policies: [] })[0]?.target.cpuMilli ?? 0;
}

function busyFor(ms: number): UsageAggregate {
  const aggregate = new UsageAggregate(START_MS);
  for (let nowMs = START_MS; nowMs < START_MS + ms; nowMs += MINUTE_MS) aggregate.addCpu(1000, nowMs);
  aggregate.addMemoryPeak(GIB, START_MS + DAY_MS);
  return aggregate;
}
