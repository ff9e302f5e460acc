import assert from "node:assert/strict";
import { test } from "node:test";
import type { UsageAggregate } from "./usage-aggregate.ts";
import { vpaRecommendation } from "./vpa-recommendation.ts";
import { WorkloadHistory } from "./workload-history.ts";

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
const START_MS = Date.UTC(2026, 0, 5);
const MIB = 1024 ** 2;

test("of samples that come twice, late, negative or for a stranger nothing is kept, and each says why", () => {
  const history = aHistory();
  const sample = { pod: "p", container: "c", timeMs: START_MS, cpuMilli: 100, memoryBytes: 100 * MIB };
  assert.equal(history.add(sample), "taken");
  assert.equal(history.add(sample), "repeatedOrLate");
  assert.equal(history.add({ ...sample, timeMs: START_MS - MINUTE_MS }), "repeatedOrLate");
  assert.equal(history.add({ ...sample, timeMs: START_MS + MINUTE_MS, cpuMilli: -1 }), "negative");
  assert.equal(history.add({ ...sample, pod: "stranger" }), "unknownContainer");
  assert.equal(history.byContainer(START_MS).get("c")?.checkpoint().samplesCount, 1);
});

test("a restart from checkpoints gives the same recommendation once the day's peak was seen again", () => {
  const history = aHistory();
  use(history, START_MS, 3 * DAY_MS);
  const nowMs = START_MS + 3 * DAY_MS;
  const again = new WorkloadHistory();
  for (const [container, checkpoint] of history.checkpoints(nowMs))
    assert.ok(again.restore(container, checkpoint, nowMs));
  again.podSeen("p", { group: "g", containers: ["c"], nowMs });
  use(history, nowMs, MINUTE_MS);
  use(again, nowMs, MINUTE_MS);
  assert.deepEqual(recommended(again, nowMs), recommended(history, nowMs));
});

test("pods that go and come back, as when their owner is not found for a while, lose nothing", () => {
  const [history, undisturbed] = [aHistory(), aHistory()];
  for (const one of [history, undisturbed]) use(one, START_MS, 3 * DAY_MS);
  const nowMs = START_MS + 3 * DAY_MS;
  history.podGone("p");
  history.collectGarbage(nowMs);
  history.podSeen("p", { group: "g", containers: ["c"], nowMs });
  assert.deepEqual(recommended(history, nowMs), recommended(undisturbed, nowMs));
});

test("eight days after the last sample the history is forgotten", () => {
  const history = aHistory();
  use(history, START_MS, DAY_MS);
  const lastMs = START_MS + DAY_MS - MINUTE_MS;
  history.collectGarbage(lastMs + 8 * DAY_MS - 1);
  assert.equal(history.byContainer(lastMs).size, 1);
  history.collectGarbage(lastMs + 8 * DAY_MS);
  assert.equal(history.byContainer(lastMs).size, 0);
});

test("an OOM asks for a fifth or 100 MiB more than was used or requested", () => {
  const target = (requestedBytes: number): number => {
    const history = aHistory();
    history.addOom({ pod: "p", container: "c", timeMs: START_MS, requestedBytes });
    return only(history.byContainer(START_MS)).memoryBytes(0.9);
  };
  assert.ok(target(300 * MIB) > 400 * MIB && target(300 * MIB) < 1.1 * 400 * MIB);
  assert.ok(target(1000 * MIB) > 1200 * MIB && target(1000 * MIB) < 1.1 * 1200 * MIB);
});

test("a checkpoint of other histograms is refused", () => {
  const history = aHistory();
  const [checkpoint] = history.checkpoints(START_MS).values();
  assert.ok(checkpoint !== undefined);
  const cpu = { ...checkpoint.cpu, bucketWeights: { 5000: 1 }, totalWeight: 1 };
  assert.equal(new WorkloadHistory().restore("c", { ...checkpoint, cpu }, START_MS), false);
});

function aHistory(): WorkloadHistory {
  const history = new WorkloadHistory();
  history.podSeen("p", { group: "g", containers: ["c"], nowMs: START_MS });
  return history;
}

function use(history: WorkloadHistory, fromMs: number, ms: number): void {
  for (let timeMs = fromMs; timeMs < fromMs + ms; timeMs += MINUTE_MS) {
    const wave = 1 + Math.sin(timeMs / DAY_MS);
    const verdict = history.add({
      pod: "p",
      container: "c",
      timeMs,
      cpuMilli: 500 * wave,
      memoryBytes: 400 * MIB * wave,
    });
    assert.equal(verdict, "taken");
  }
}

function recommended(history: WorkloadHistory, nowMs: number): unknown {
  return vpaRecommendation(history.byContainer(nowMs), { policies: [] });
}

function only(containers: ReadonlyMap<string, UsageAggregate>): UsageAggregate {
  const [aggregate] = containers.values();
  assert.ok(aggregate !== undefined);
  return aggregate;
}
