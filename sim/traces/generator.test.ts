import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { UsageError } from "#runtime/usage-error.ts";
import { generateTrace } from "./generator.ts";
import type { GeneratorOptions } from "./generator.ts";
import type { TracePod } from "./trace.ts";

const DAY = 86_400;
const GIB = 1024 ** 3;
const SPAN = 28 * DAY;
const SEEDS = [1, 2, 3, 4, 5];
const TRACES = SEEDS.map((seed) => generateTrace({ seed, pods: 20_000, spanSeconds: SPAN }));
const ALL = TRACES.flat();

function life({ createSeconds, deleteSeconds }: TracePod): number {
  return (deleteSeconds ?? Number.POSITIVE_INFINITY) - createSeconds;
}

function share<T>(items: readonly T[], holds: (item: T) => boolean): number {
  return items.filter(holds).length / items.length;
}

function assertBetween(value: number, min: number, max: number): void {
  assert.ok(value >= min && value <= max, `${value} is not from ${min} to ${max}`);
}

function groups(pods: readonly TracePod[], key: (pod: TracePod) => string): TracePod[][] {
  return [...Map.groupBy(pods, key).values()];
}

test("most pods are short-lived: over 90 % below a day, a third below 15 minutes, two thirds below an hour", () => {
  assertBetween(
    share(ALL, (pod) => life(pod) < DAY),
    0.9,
    0.96,
  );
  assertBetween(
    share(ALL, (pod) => life(pod) <= 900),
    0.3,
    0.42,
  );
  assertBetween(
    share(ALL, (pod) => life(pod) <= 3600),
    0.6,
    0.75,
  );
});

test("the few pods that live for more than a day hold most of the core-hours", () => {
  const coreSeconds = (pod: TracePod) => pod.request.cpuMilli * Math.min(life(pod), SPAN - pod.createSeconds);
  const sum = (pods: readonly TracePod[]) => pods.reduce((total, pod) => total + coreSeconds(pod), 0);
  assertBetween(sum(ALL.filter((pod) => life(pod) > DAY)) / sum(ALL), 0.85, 0.97);
});

test("about 80 % of the apps' pods have 1 or 2 cores and most less than 4 GiB", () => {
  const apps = TRACES.flatMap((trace) => groups(trace, ({ app }) => app));
  assertBetween(
    share(apps, ([pod]) => pod!.request.cpuMilli <= 2000),
    0.77,
    0.84,
  );
  assertBetween(
    share(apps, ([pod]) => pod!.request.memoryBytes < 4 * GIB),
    0.7,
    0.84,
  );
});

test("deployments are heavy-tailed: over 40 % a single pod, 80 % at most 5, the largest hundreds", () => {
  const sizes = TRACES.flatMap((trace) =>
    groups(trace, ({ app, createSeconds }) => `${app} ${createSeconds}`).map(({ length }) => length),
  ).sort((a, b) => a - b);
  assertBetween(
    share(sizes, (size) => size === 1),
    0.4,
    0.58,
  );
  assertBetween(
    share(sizes, (size) => size <= 5),
    0.78,
    0.88,
  );
  assertBetween(sizes[Math.floor(sizes.length * 0.99)]!, 60, 140);
  assertBetween(sizes.at(-1)!, 300, 610);
  assertBetween(sizes.reduce((a, b) => a + b, 0) / sizes.length, 4.5, 8.5);
});

test("more batches arrive by day than by night", () => {
  const hours = ALL.filter(({ app }) => app.startsWith("batch"));
  const runs = groups(hours, ({ id }) => id.slice(0, id.lastIndexOf("-"))).map(
    ([pod]) => pod!.createSeconds % DAY,
  );
  const afternoon = share(runs, (second) => second >= 12 * 3600 && second < 16 * 3600);
  const night = share(runs, (second) => second < 4 * 3600);
  assertBetween(afternoon / night, 2, 4);
});

test("a service never has fewer pods than replicas while it is redeployed, and at most a quarter more", () => {
  for (const pods of groups(TRACES[0]!, ({ app }) => app)) {
    if (!pods[0]!.app.startsWith("service")) continue;
    const size = pods.filter(({ id }) => id.includes("-v1-")).length;
    const start = pods[0]!.createSeconds;
    const end = Math.max(...pods.map(({ deleteSeconds }) => deleteSeconds ?? SPAN));
    const moments = pods.map(({ createSeconds }) => createSeconds);
    for (const moment of [...moments, ...moments.map((m) => m + 59), ...moments.map((m) => m + 60)]) {
      if (moment < start || moment >= end) continue;
      const alive = pods.filter(
        ({ createSeconds, deleteSeconds }) => createSeconds <= moment && moment < (deleteSeconds ?? Infinity),
      ).length;
      assertBetween(alive, size, size + Math.ceil(size / 4));
    }
  }
});

test("some services are redeployed, and more if it is asked for", () => {
  const redeployed = (trace: readonly TracePod[]) => trace.filter(({ id }) => /-v[2-9]-/.test(id)).length;
  const options = { seed: 1, pods: 5000, spanSeconds: 7 * DAY };
  const often = redeployed(generateTrace({ ...options, redeploySecondsMean: 2 * DAY }));
  const rarely = redeployed(generateTrace({ ...options, redeploySecondsMean: 100 * DAY }));
  assert.ok(often > rarely + 50, `${often} and ${rarely}`);
});

test("equal options give equal traces and another seed another", () => {
  const options = { seed: 11, pods: 2000, spanSeconds: DAY };
  assert.deepEqual(generateTrace(options), generateTrace(options));
  assert.notDeepEqual(generateTrace(options), generateTrace({ ...options, seed: 12 }));
});

test("whatever is asked for, a trace has that many pods with ids of their own, in order and within the span", () => {
  const anyOptions = fc
    .record({
      seed: fc.nat(),
      pods: fc.integer({ min: 1, max: 400 }),
      spanSeconds: fc.integer({ min: 1, max: 100 * DAY }),
      batchShare: fc.double({ min: 0, max: 1, noNaN: true }),
      podSize: fc.double({ min: 0.01, max: 2, noNaN: true }),
      redeploySecondsMean: fc.integer({ min: 3600, max: 30 * DAY }),
    })
    .chain((options) =>
      fc
        .option(fc.integer({ min: 1, max: options.pods }), { nil: undefined })
        .map((apps): GeneratorOptions => (apps === undefined ? options : Object.assign(options, { apps }))),
    );
  fc.assert(
    fc.property(anyOptions, (options) => {
      const trace = generateTrace(options);
      assert.equal(trace.length, options.pods);
      assert.equal(new Set(trace.map(({ id }) => id)).size, options.pods);
      let last = 0;
      for (const pod of trace) {
        assert.ok(pod.createSeconds >= last && pod.createSeconds <= options.spanSeconds);
        last = pod.createSeconds;
        assert.ok(life(pod) > 0);
        assert.ok(Number.isInteger(pod.request.cpuMilli) && pod.request.cpuMilli > 0);
        assert.ok(Number.isInteger(pod.request.memoryBytes) && pod.request.memoryBytes > 0);
      }
      const apps = groups(trace, ({ app }) => app);
      for (const pods of apps) for (const pod of pods) assert.deepEqual(pod.request, pods[0]!.request);
      if (options.apps !== undefined) assert.ok(apps.length <= options.apps);
    }),
    { numRuns: 200 },
  );
});

test("options out of range are refused, all at once", () => {
  assert.throws(
    () => generateTrace({ seed: 0.5, pods: 0, spanSeconds: 0, apps: 5, podSize: 0, batchShare: 2 }),
    (error: unknown) =>
      error instanceof UsageError &&
      ["seed", "pods", "spanSeconds", "apps", "podSize", "batchShare"].every((word) =>
        error.message.includes(word),
      ),
  );
});
