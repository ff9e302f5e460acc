import assert from "node:assert/strict";
import { test } from "node:test";
import { CORRECTION_MAX, CORRECTION_MIN } from "#model/correction.ts";
import { NodeDemand } from "./node-demand.ts";

const MINUTE_MS = 60_000;
const START_MS = Date.UTC(2026, 0, 1);

/** Readings a minute apart; asked at the time of the last one. */
function demandOf(shares: readonly number[]): { readonly demand: NodeDemand; readonly nowMs: number } {
  const demand = new NodeDemand();
  for (const [minute, share] of shares.entries())
    demand.add({ cpu: share, memory: share }, START_MS + minute * MINUTE_MS);
  return { demand, nowMs: START_MS + (shares.length - 1) * MINUTE_MS };
}

function times(count: number, share: number): readonly number[] {
  return Array.from({ length: count }, () => share);
}

test("memory counts by its highest reading of fourteen minutes", () => {
  const { demand, nowMs } = demandOf([...times(30, 1), 1.8, ...times(8, 1.2), ...times(5, 1)]);
  assert.equal(demand.now(nowMs)?.memory, 1.8);
  assert.equal(demand.now(nowMs + MINUTE_MS)?.memory, 1.2);
  assert.equal(demand.now(nowMs + 9 * MINUTE_MS)?.memory, 1);
});

test("readings ten seconds apart are remembered as long as those a minute apart", () => {
  const demand = new NodeDemand();
  const readings = 30 * 6;
  for (let index = 0; index < readings; index++) {
    const share = index * 10_000 < 20 * MINUTE_MS ? 1.5 : 1;
    demand.add({ cpu: share, memory: share }, START_MS + index * 10_000);
  }
  const nowMs = START_MS + (readings - 1) * 10_000;
  assert.equal(demand.now(nowMs)?.memory, 1.5);
  assert.equal(demand.now(nowMs + 5 * MINUTE_MS)?.memory, 1);
});

test("what is ahead is now, and as much more as the last days rose from here within two hours", () => {
  const risesAtNoon = Array.from({ length: 3 * 1440 + 660 }, (_, minute) => (minute % 1440 < 720 ? 1 : 1.5));
  const { demand, nowMs } = demandOf(risesAtNoon);
  const [now, ahead] = [demand.now(nowMs), demand.ahead(nowMs)];
  assert.ok(Math.abs((ahead?.cpu ?? 0) - 1.5 * (now?.cpu ?? 0)) < 1e-9);
  assert.equal(ahead?.memory, 1);
  const steady = demandOf(times(100, 1));
  assert.deepEqual(steady.demand.ahead(steady.nowMs), steady.demand.now(steady.nowMs));
});

test("a load that stays is believed at its second reading", () => {
  const { demand, nowMs } = demandOf([...times(300, 1), 2, 2]);
  assert.deepEqual(demand.now(nowMs), { cpu: 2, memory: 2 });
});

test("after a time without readings nothing is said of now", () => {
  const { demand, nowMs } = demandOf(times(30, 1));
  assert.equal(demand.now(nowMs + 14 * MINUTE_MS), undefined);
});

test("what lasts is the ninetieth percentile with a margin, not the mean and not the peak", () => {
  const usuallyLow = demandOf([...times(80, 0.6), ...times(20, 1), ...times(60, 0.6)]);
  assert.ok((usuallyLow.demand.lasting(usuallyLow.nowMs)?.cpu ?? 0) >= 1.15, "an eighth of the time counts");
  const onePeak = demandOf([...times(5, 2), ...times(95, 0.6)]);
  assert.ok((onePeak.demand.lasting(onePeak.nowMs)?.cpu ?? 9) < 0.75, "a twentieth does not");
});

test("what is published is never below what the proxy is sized by", () => {
  const { demand, nowMs } = demandOf([...times(600, 0.6), 2, 2]);
  assert.equal(demand.lasting(nowMs)?.cpu, 2);
});

test("a load far above what its apps were known for is followed all the way; placement is told of it within bounds", () => {
  const { demand, nowMs } = demandOf([...times(60, 1), 12, 12]);
  assert.deepEqual(demand.now(nowMs), { cpu: 12, memory: 12 });
  assert.deepEqual(demand.lasting(nowMs), { cpu: CORRECTION_MAX, memory: CORRECTION_MAX });
});

test("a node without enough history has nothing that lasts", () => {
  const short = demandOf(times(11, 1));
  assert.equal(short.demand.lasting(short.nowMs), undefined);
  assert.equal(short.demand.hasHistory, false);
  const enough = demandOf(times(12, 1));
  const { cpu, memory } = enough.demand.lasting(enough.nowMs) ?? { cpu: 0, memory: 0 };
  for (const factor of [cpu, memory]) assert.ok(factor >= 1.15 && factor <= 1.15 * 1.06, String(factor));
});

test("resources are told apart, in hundredths and within bounds", () => {
  const demand = new NodeDemand();
  for (let minute = 0; minute < 20; minute++)
    demand.add({ cpu: 100, memory: 0 }, START_MS + minute * MINUTE_MS);
  assert.deepEqual(demand.lasting(START_MS), { cpu: CORRECTION_MAX, memory: CORRECTION_MIN });
  const { demand: odd, nowMs } = demandOf(times(20, 0.777));
  const { cpu } = odd.lasting(nowMs) ?? { cpu: 0 };
  assert.equal(cpu, Math.round(cpu * 100) / 100);
});

test("what was is forgotten: after days of less the old need is gone", () => {
  const demand = new NodeDemand();
  const weekHours = 7 * 24;
  for (let hour = 0; hour < 2 * weekHours; hour++) {
    const share = hour < weekHours ? 2 : 0.7;
    demand.add({ cpu: share, memory: share }, START_MS + hour * 60 * MINUTE_MS);
  }
  assert.ok((demand.lasting(START_MS + 2 * weekHours * 60 * MINUTE_MS)?.cpu ?? 9) < 0.9);
});

test("shares of a model that was learned to be twice as large are half as large", () => {
  const { demand, nowMs } = demandOf(times(60, 2));
  const before = demand.lasting(nowMs);
  const level = demand.now(nowMs)?.cpu ?? 0;
  demand.rescale({ cpu: 0.5, memory: 1 });
  assert.deepEqual(demand.now(nowMs), { cpu: level / 2, memory: 2 });
  const after = demand.lasting(nowMs);
  assert.equal(after?.memory, before?.memory);
  // A bucket is five percent wide.
  assert.ok(Math.abs((after?.cpu ?? 0) / (before?.cpu ?? 1) - 0.5) < 0.03, String(after?.cpu));
});
