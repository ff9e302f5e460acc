import assert from "node:assert/strict";
import { test } from "node:test";
import type { NodeName } from "#model/brand.ts";
import { NO_CORRECTION } from "#model/correction.ts";
import { DEFAULT_APP_COST } from "#model/mesh-profile.ts";
import type { Resources } from "#model/resources.ts";
import { anApp } from "#test/builders/a-pod.ts";
import { GIB, MIB } from "#test/builders/sizes.ts";
import { type NodeReading, SizingModel } from "./sizing-model.ts";

const START_MS = Date.UTC(2026, 0, 1);
const MINUTE_MS = 60_000;
const BASE = { cpuMilli: 100, memoryBytes: 128 * MIB };
const MODEL = { cpuMilli: 200, memoryBytes: 400 * MIB };

function aMeasuredNode(name = "node-1", modelCost: Resources = MODEL) {
  return {
    name: name as NodeName,
    allocatable: { cpuMilli: 16_000, memoryBytes: 64 * GIB },
    proxyBase: BASE,
    modelCost,
    appPods: new Map([[anApp("cart"), 2]]),
    correction: NO_CORRECTION,
  };
}

function used(share: number, model: Resources = MODEL): Resources {
  return {
    cpuMilli: BASE.cpuMilli + share * model.cpuMilli,
    memoryBytes: BASE.memoryBytes + share * model.memoryBytes,
  };
}

interface Watched {
  readonly node?: ReturnType<typeof aMeasuredNode>;
  readonly reading: Omit<NodeReading, "timeMs">;
  readonly minutes: number;
  readonly fromMinute?: number;
}

/** A reading a minute; returns the time of the last one. */
function watch(
  model: SizingModel,
  { node = aMeasuredNode(), reading, minutes, fromMinute = 0 }: Watched,
): number {
  let timeMs = START_MS;
  for (let minute = fromMinute; minute < fromMinute + minutes; minute++) {
    timeMs = START_MS + minute * MINUTE_MS;
    const fault = model.observe(
      node,
      { ...reading, timeMs },
      { nowMs: timeMs, priorOf: () => DEFAULT_APP_COST },
    );
    assert.equal(fault, undefined);
  }
  return timeMs;
}

/** What a steady load comes to, and the margin of a node whose restlessness is not known yet. */
function assertLevel(cpuMilli: number, loadMilli: number): void {
  assert.ok(cpuMilli >= loadMilli && cpuMilli <= 1.03 * loadMilli, `${cpuMilli} for ${loadMilli}`);
}

test("a node without readings is sized by what placement counts", () => {
  const node = { ...aMeasuredNode(), correction: { cpu: 1.5, memory: 2 } };
  assert.deepEqual(new SizingModel().requiredNow(node, START_MS), { cpuMilli: 400, memoryBytes: 928 * MIB });
});

test("the first readings make a proxy grow and not shrink; with a history they do both", () => {
  const model = new SizingModel();
  const node = aMeasuredNode();
  let nowMs = watch(model, { reading: { used: used(0.6) }, minutes: 5 });
  assert.equal(model.requiredNow(node, nowMs).cpuMilli, 300);
  nowMs = watch(model, { reading: { used: used(1.5) }, minutes: 2, fromMinute: 5 });
  assert.equal(model.requiredNow(node, nowMs).cpuMilli, 400);
  nowMs = watch(model, { reading: { used: used(0.6) }, minutes: 30, fromMinute: 7 });
  assertLevel(model.requiredNow(node, nowMs).cpuMilli, 220);
});

test("an app that joins is not counted twice: each reading is held against the model of its moment", () => {
  const model = new SizingModel();
  const small = { cpuMilli: 100, memoryBytes: 200 * MIB };
  watch(model, { node: aMeasuredNode("node-1", small), reading: { used: used(1, small) }, minutes: 30 });
  const nowMs = watch(model, { reading: { used: used(1) }, minutes: 30, fromMinute: 30 });
  assertLevel(model.requiredNow(aMeasuredNode(), nowMs).cpuMilli, BASE.cpuMilli + MODEL.cpuMilli);
});

test("CPU that is held back at its limit for minutes calls for half as much again, memory for no more", () => {
  const model = new SizingModel();
  const nowMs = watch(model, { reading: { used: used(1), limit: { cpuMilli: 300 } }, minutes: 4 });
  assert.equal(model.requiredNow(aMeasuredNode(), nowMs).cpuMilli, 450);
  assert.equal(model.requiredNow(aMeasuredNode(), nowMs).memoryBytes, 528 * MIB);
});

test("an app that its share of the proxy holds back calls for half as much again; at its own quota it does not", () => {
  const instance = { pods: 2, connections: 10, kiloRps: 1, isThrottled: true };
  const instances = new Map([[anApp("cart"), { ...instance, used: { cpuMilli: 200, memoryBytes: MIB } }]]);
  const requiredWith = (cpuMilliMax: number | undefined): number => {
    const model = new SizingModel();
    const context = { priorOf: () => DEFAULT_APP_COST, cpuMilliMaxOf: () => cpuMilliMax };
    // The proxy has 300m, of which its base takes next to nothing: what the app has is 200m all the same.
    const reading = { used: { cpuMilli: 205, memoryBytes: 200 * MIB }, instances };
    for (let minute = 0; minute < 2; minute++) {
      const nowMs = START_MS + minute * MINUTE_MS;
      model.observe(aMeasuredNode(), { ...reading, timeMs: nowMs }, { ...context, nowMs });
    }
    return model.requiredNow(aMeasuredNode(), START_MS + MINUTE_MS).cpuMilli;
  };
  assertLevel(requiredWith(undefined), 400);
  assertLevel(requiredWith(400), 400);
  assert.equal(requiredWith(200), 300, "as placement counts it, while there is no history");
});

test("a new node is taken at the fleet's word, once three nodes have a history", () => {
  const model = new SizingModel();
  const newcomer = "node-9" as NodeName;
  const share = [0.8, 1.2, 1.6];
  for (const [index, name] of ["node-1", "node-2", "node-3"].entries()) {
    model.refreshFleet(START_MS);
    assert.equal(model.correctionOf(newcomer, START_MS), undefined);
    watch(model, { node: aMeasuredNode(name), reading: { used: used(share[index] ?? 1) }, minutes: 20 });
  }
  const nowMs = START_MS + 20 * MINUTE_MS;
  model.refreshFleet(nowMs);
  assert.deepEqual(model.correctionOf(newcomer, nowMs), model.correctionOf("node-2" as NodeName, nowMs));
});

test("a cost that was learned is not counted again in the correction", () => {
  const model = new SizingModel();
  const nowMs = watch(model, { reading: { used: used(2) }, minutes: 60 });
  const needed = model.requiredNow(aMeasuredNode(), nowMs).cpuMilli;
  assertLevel(needed, 500);
  // The app is all there is on the node, and turns out to cost twice what its profile says.
  const before = {
    base: { cpuMilli: 100, memoryBytes: 200 * MIB },
    perPod: { cpuMilli: 50, memoryBytes: 100 * MIB },
  };
  const after = {
    base: { cpuMilli: 200, memoryBytes: 400 * MIB },
    perPod: { cpuMilli: 100, memoryBytes: 200 * MIB },
  };
  const doubled = { cpuMilli: 400, memoryBytes: 800 * MIB };
  const learned = aMeasuredNode("node-1", doubled);
  model.recost(learned, { before, after, pods: 2 });
  assert.deepEqual(model.requiredNow(learned, nowMs), { cpuMilli: needed, memoryBytes: 928 * MIB });
});

test("readings of instances teach the app's costs, for all nodes", () => {
  const model = new SizingModel();
  const app = anApp("cart");
  assert.equal(model.learnedOf(app), undefined);
  for (const [index, name] of ["node-1", "node-2"].entries()) {
    const pods = 1 + 3 * index;
    const usage = { pods, connections: 0, kiloRps: 0, isThrottled: false };
    const instance = { ...usage, used: { cpuMilli: 30 + 20 * pods, memoryBytes: (60 + 30 * pods) * MIB } };
    const reading = { used: used(1), instances: new Map([[app, instance]]) };
    watch(model, { node: aMeasuredNode(name), reading, minutes: 600 });
  }
  const learned = model.learnedOf(app);
  assert.ok((learned?.confidence ?? 0) > 0.9);
  const { base, perPod } = learned?.cost ?? DEFAULT_APP_COST;
  assert.ok(Math.abs(base.cpuMilli - 30) < 3, `base ${base.cpuMilli}`);
  assert.ok(Math.abs(perPod.cpuMilli - 20) < 1, `perPod ${perPod.cpuMilli}`);
  assert.ok(Math.abs(base.memoryBytes / MIB - 60) < 6, `base ${base.memoryBytes / MIB}`);
  assert.ok(Math.abs(perPod.memoryBytes / MIB - 30) < 2, `perPod ${perPod.memoryBytes / MIB}`);
});
