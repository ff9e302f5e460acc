import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeNodeProxyAutoscaler } from "#kube/node-proxy-autoscaler-schema.ts";
import { MIB } from "#test/builders/sizes.ts";
import { DEFAULT_PLANNER_OPTIONS, planResize, targetSize } from "./resize-planner.ts";
import { SETTLED } from "./resize-state.ts";
import { mayResize, sizingRules } from "./sizing-rules.ts";

function autoscaler(spec: object) {
  const targetRef = { kind: "DaemonSet", name: "berth-proxy" };
  const metadata = { name: "a", namespace: "n", uid: "u" };
  return decodeNodeProxyAutoscaler({ metadata, spec: { targetRef, ...spec } });
}

test("without an autoscaler the flags hold", () => {
  const rules = sizingRules(undefined, DEFAULT_PLANNER_OPTIONS);
  assert.deepEqual(rules, { planner: DEFAULT_PLANNER_OPTIONS, mode: "InPlace" });
});

test("what an autoscaler leaves out stays with the flags", () => {
  const spec = { headroom: { ratio: 0.5 }, cooldowns: { headroomSeconds: 1 } };
  const { planner } = sizingRules(autoscaler(spec), DEFAULT_PLANNER_OPTIONS);
  assert.equal(planner.headroomRatio, 0.5);
  assert.deepEqual(planner.headroomMin, DEFAULT_PLANNER_OPTIONS.headroomMin);
  assert.equal(planner.headroomDelayMs, 1_000);
  assert.equal(planner.shrinkDelayMs, DEFAULT_PLANNER_OPTIONS.shrinkDelayMs);
});

test("no target leaves the bounds, and no plan grows beyond them", () => {
  const spec = { min: { cpu: "400m" }, max: { cpu: "600m", memory: "300Mi" } };
  const { planner: options } = sizingRules(autoscaler(spec), DEFAULT_PLANNER_OPTIONS);
  const size = (cpuMilli: number, memory: number) => ({ cpuMilli, memoryBytes: memory * MIB });
  assert.deepEqual(targetSize(size(100, 200), options), size(400, 248));
  assert.deepEqual(targetSize(size(900, 900), options), size(600, 300));
  const situation = { required: size(900, 900), current: size(150, 192), ceiling: size(9_000, 9_000) };
  const grown = planResize(situation, SETTLED, { nowMs: 0, options });
  assert.deepEqual(grown, { kind: "resize", size: size(600, 300), reason: "appsJoined" });
  const atMax = planResize({ ...situation, current: size(600, 300) }, SETTLED, { nowMs: 0, options });
  assert.equal(atMax.reason, "rightSize");
});

test("pods are resized always, when they are new, or never", () => {
  const hour = 3_600_000;
  assert.equal(mayResize("InPlace", hour), true);
  assert.equal(mayResize("Initial", 60_000), true);
  assert.equal(mayResize("Initial", hour), false);
  assert.equal(mayResize("Off", 0), false);
});
