// What proxies lack when their instances use what they really do.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Resources } from "#model/resources.ts";
import { DEFAULT_BURSTS } from "../sizing/app-load.ts";
import { SIZING_NAMES } from "../sizing/run-policies.ts";
import { generateTrace } from "../traces/generator.ts";
import type { TracePod } from "../traces/trace.ts";
import { replay } from "./replay.ts";
import type { RunResult } from "./run-result.ts";
import { aTracePod, policyNamed, SMALL_NODE } from "./test-trace.ts";
import type { SizingResult, UsageConditions, UsageResult } from "./usage-run.ts";

const HOUR = 3600;
const MIB = 1024 ** 2;
const USUAL: UsageConditions = {
  nodesMax: 10,
  warmUpSeconds: 6 * HOUR,
  sizings: SIZING_NAMES,
  template: undefined,
  curves: new Map(),
  bursts: DEFAULT_BURSTS,
  profileDeviation: 0.15,
};

function run(pods: readonly TracePod[], usage?: UsageConditions, seed = 1): RunResult {
  return replay({
    pods,
    policy: policyNamed("berth"),
    fleet: { kind: "auto", nodeSize: SMALL_NODE },
    seed,
    ...(usage !== undefined && { conditions: { usage } }),
  });
}

function usageOf(pods: readonly TracePod[], conditions: UsageConditions, seed?: number): UsageResult {
  const { usage } = run(pods, conditions, seed);
  assert.ok(usage !== undefined);
  return usage;
}

function sizing({ sizings }: UsageResult, name: SizingResult["sizing"]): SizingResult {
  const found = sizings.find((one) => one.sizing === name);
  assert.ok(found !== undefined);
  return found;
}

// One node with three apps and five pods, for a day; the last pod only lets time pass.
const DAY = [
  aTracePod({ id: "a1", app: "a" }),
  aTracePod({ id: "a2", app: "a" }),
  aTracePod({ id: "b1", app: "b" }),
  aTracePod({ id: "c1", app: "c", to: 24 * HOUR }),
];

test("a proxy too small for what is used is killed every minute, with every app and pod on its node", () => {
  const template: Resources = { cpuMilli: 100_000, memoryBytes: 1 * MIB };
  const usage = usageOf(DAY, { ...USUAL, sizings: ["template"], template });
  const { oomKills, appsInterrupted, podsInterrupted, appsInterruptedMax, throttledNodeMinutes } = sizing(
    usage,
    "template",
  );
  assert.equal(usage.nodeMinutes, 18 * 60);
  assert.equal(oomKills, usage.nodeMinutes);
  assert.equal(appsInterrupted, 3 * oomKills);
  assert.equal(podsInterrupted, 4 * oomKills);
  assert.equal(appsInterruptedMax, 3);
  assert.equal(throttledNodeMinutes, 0);
});

test("a proxy with too little CPU is throttled in every minute, and nobody is killed", () => {
  const template: Resources = { cpuMilli: 1, memoryBytes: 4096 * MIB };
  const found = sizing(usageOf(DAY, { ...USUAL, sizings: ["template"], template }), "template");
  assert.equal(found.throttledNodeMinutes, 18 * 60);
  assert.equal(found.oomKills, 0);
  assert.equal(found.cpuMilliMean, 1);
  assert.equal(found.resizesPerNodeDay, 0);
});

test("a template chosen in the warm-up is never resized afterwards", () => {
  const found = sizing(usageOf(DAY, USUAL), "template");
  assert.equal(found.resizesPerNodeDay, 0);
  assert.ok(found.memoryBytesMean < 4096 * MIB, `${found.memoryBytesMean}`);
});

test("feedback sees what wrong profiles miss: fewer kills than by profiles alone, and no more memory than one size for all", () => {
  const pods = generateTrace({ seed: 4, pods: 120, spanSeconds: 24 * HOUR, podSize: 0.5, batchShare: 0.2 });
  const usage = usageOf(pods, { ...USUAL, nodesMax: 4, profileDeviation: 0.4 });
  const [forward, feedback, oracle] = (["feed-forward", "feedback", "oracle"] as const).map((name) =>
    sizing(usage, name),
  );
  assert.ok(forward !== undefined && feedback !== undefined && oracle !== undefined);
  assert.ok(forward.oomKills > 0);
  assert.ok(feedback.oomKills < forward.oomKills / 4, `${feedback.oomKills} of ${forward.oomKills}`);
  assert.ok(oracle.oomKills <= feedback.oomKills);
  assert.ok(feedback.memoryBytesMean < sizing(usage, "template").memoryBytesMean);
});

test("what is used follows an app's measured curve", () => {
  const day = [aTracePod(), aTracePod({ id: "end", app: "end", from: 24 * HOUR, to: 24 * HOUR + 60 })];
  const calm = { bursts: { perDay: 0, factorMax: 1 }, profileDeviation: 0, warmUpSeconds: 600 };
  const template: Resources = { cpuMilli: 172, memoryBytes: 4096 * MIB };
  const throttled = (curve: readonly number[]): number => {
    const curves = new Map([["cart", curve]]);
    const conditions = { ...USUAL, ...calm, curves, template, sizings: ["template"] as const };
    return sizing(usageOf(day, conditions), "template").throttledNodeMinutes;
  };
  // A pod is planned at 10m of traffic: none at night leaves 162m, the whole day's in the afternoon calls for 180m and more.
  // In the last minute there is the pod that ends the day.
  assert.ok(throttled([0, 0, 0, 0]) <= 1);
  const afternoons = throttled([0, 0, 4, 0]);
  assert.ok(afternoons > 300 && afternoons < 900, `${afternoons}`);
});

test("use is played beside the run: it changes no other figure, and equal seeds give equal bytes", () => {
  const pods = generateTrace({ seed: 2, pods: 60, spanSeconds: 10 * HOUR, podSize: 0.5 });
  const brief = { ...USUAL, nodesMax: 2 };
  const { usage, ...rest } = run(pods, brief);
  assert.deepEqual(rest, run(pods));
  assert.equal(JSON.stringify(usage), JSON.stringify(run(pods, brief).usage));
  assert.notEqual(JSON.stringify(usage), JSON.stringify(run(pods, brief, 7).usage));
});

test("of more nodes than asked for only so many are watched", () => {
  const spread = [1, 2, 3, 4].map((number) => aTracePod({ id: `p${number}`, cpuMilli: 6_000, to: 2 * HOUR }));
  const { nodesWatched, nodeMinutes } = usageOf(spread, { ...USUAL, nodesMax: 2, warmUpSeconds: 600 });
  assert.equal(nodesWatched, 2);
  assert.equal(nodeMinutes, 2 * 110);
});
