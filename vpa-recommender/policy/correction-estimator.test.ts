import assert from "node:assert/strict";
import { test } from "node:test";
import { CORRECTION_MAX, CORRECTION_MIN } from "#model/correction.ts";
import { MIB } from "#test/builders/sizes.ts";
import { CorrectionEstimator, isWorthPublishing } from "./correction-estimator.ts";

const MINUTE_MS = 60_000;
const BASE = { cpuMilli: 100, memoryBytes: 128 * MIB };
const MODEL = { cpuMilli: 1_000, memoryBytes: 1_000 * MIB };

/** Samples a minute apart whose usage above the base is this share of the model. */
function estimatorOf(shares: readonly number[], model = MODEL): CorrectionEstimator {
  const estimator = new CorrectionEstimator();
  for (const [index, share] of shares.entries()) {
    const used = {
      cpuMilli: BASE.cpuMilli + share * model.cpuMilli,
      memoryBytes: BASE.memoryBytes + share * model.memoryBytes,
    };
    estimator.add({ used, proxyBase: BASE, modelCost: model, timeMs: index * MINUTE_MS });
  }
  return estimator;
}

test("a node without enough history has no estimate", () => {
  assert.equal(estimatorOf(times(11, 1)).estimate(), undefined);
  assert.ok(estimatorOf(times(12, 1)).estimate());
});

test("a node that uses what the model says is corrected by the margin alone", () => {
  const { cpu, memory } = estimatorOf(times(60, 1)).estimate() ?? { cpu: 0, memory: 0 };
  for (const factor of [cpu, memory]) assert.ok(factor >= 1.15 && factor <= 1.15 * 1.06, String(factor));
});

test("the correction follows the ninetieth percentile, not the mean and not the peak", () => {
  const usuallyLow = estimatorOf([...times(80, 0.6), ...times(20, 1)]).estimate();
  assert.ok((usuallyLow?.cpu ?? 0) >= 1.15, "a fifth of the time counts");
  const onePeak = estimatorOf([...times(95, 0.6), ...times(5, 2)]).estimate();
  assert.ok((onePeak?.cpu ?? 9) < 0.75, "a twentieth does not");
});

test("an app that joins is not counted twice: each sample is held against the model of its moment", () => {
  const before = { used: { cpuMilli: 600, memoryBytes: 628 * MIB }, modelCost: halfOf(MODEL) };
  const after = { used: { cpuMilli: 1_100, memoryBytes: 1_128 * MIB }, modelCost: MODEL };
  const estimator = new CorrectionEstimator();
  for (let minute = 0; minute < 60; minute++) {
    const sample = minute < 30 ? before : after;
    estimator.add({ ...sample, proxyBase: BASE, timeMs: minute * MINUTE_MS });
  }
  const alone = estimatorOf(times(60, 1)).estimate();
  assert.deepEqual(estimator.estimate(), alone);
});

test("resources are corrected apart, in hundredths and within bounds", () => {
  const estimator = new CorrectionEstimator();
  for (let minute = 0; minute < 20; minute++) {
    const used = { cpuMilli: 100_000, memoryBytes: 0 };
    estimator.add({ used, proxyBase: BASE, modelCost: MODEL, timeMs: minute * MINUTE_MS });
  }
  assert.deepEqual(estimator.estimate(), { cpu: CORRECTION_MAX, memory: CORRECTION_MIN });
  const { cpu } = estimatorOf(times(20, 0.777)).estimate() ?? { cpu: 0 };
  assert.equal(cpu, Math.round(cpu * 100) / 100);
});

test("a proxy without instances says nothing about apps", () => {
  const estimator = estimatorOf(times(30, 1), { cpuMilli: 0, memoryBytes: 0 });
  assert.equal(estimator.estimate(), undefined);
});

test("what was is forgotten: after days of less the old need is gone", () => {
  const week = 7 * 24;
  const estimator = new CorrectionEstimator();
  for (let hour = 0; hour < 2 * week; hour++) {
    const share = hour < week ? 2 : 0.7;
    const used = {
      cpuMilli: BASE.cpuMilli + share * MODEL.cpuMilli,
      memoryBytes: BASE.memoryBytes + share * MODEL.memoryBytes,
    };
    estimator.add({ used, proxyBase: BASE, modelCost: MODEL, timeMs: hour * 3_600_000 });
  }
  assert.ok((estimator.estimate()?.cpu ?? 9) < 0.9);
});

test("small changes of either resource are not published", () => {
  const published = { cpu: 1, memory: 1 };
  assert.equal(isWorthPublishing(published, { cpu: 1.04, memory: 0.96 }), false);
  assert.equal(isWorthPublishing(published, { cpu: 1.06, memory: 1 }), true);
  assert.equal(isWorthPublishing(published, { cpu: 1, memory: 0.9 }), true);
});

function times(count: number, share: number): readonly number[] {
  return Array.from({ length: count }, () => share);
}

function halfOf({ cpuMilli, memoryBytes }: typeof MODEL): typeof MODEL {
  return { cpuMilli: cpuMilli / 2, memoryBytes: memoryBytes / 2 };
}
