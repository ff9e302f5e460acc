// What becomes of proxies that do not get at once what is asked for them.

import assert from "node:assert/strict";
import { test } from "node:test";
import { generateTrace } from "../traces/generator.ts";
import type { TracePod } from "../traces/trace.ts";
import type { ResizeConditions } from "./resize-fates.ts";
import { replay } from "./replay.ts";
import type { RunResult } from "./run-result.ts";
import type { ResizingResult } from "./late-resizes.ts";
import { aTracePod, policyNamed, SMALL_NODE } from "./test-trace.ts";

const AT_ONCE: ResizeConditions = { delaySeconds: { from: 0, to: 0 }, deferredShare: 0, refusedShare: 0 };
const after = (seconds: number): ResizeConditions => ({
  ...AT_ONCE,
  delaySeconds: { from: seconds, to: seconds },
});

const NODES = [1, 2, 3].map((number) => ({ name: `node-${number}`, allocatable: SMALL_NODE }));

function run(pods: readonly TracePod[], resizes: ResizeConditions, policy = "berth"): RunResult {
  return replay({
    pods,
    policy: policyNamed(policy),
    fleet: { kind: "fixed", nodes: NODES },
    seed: 1,
    conditions: { resizes },
  });
}

function resizing(pods: readonly TracePod[], resizes: ResizeConditions): ResizingResult {
  const { resizing: result } = run(pods, resizes);
  assert.ok(result !== undefined);
  return result;
}

// The second pod only lets time pass.
const TWO = [aTracePod(), aTracePod({ id: "much later", app: "shop", from: 7_200, to: 7_201 })];

test("a proxy is short from a placement until it has grown, CPU and memory apart", () => {
  const { shortfall } = resizing(
    [TWO[0] ?? aTracePod(), aTracePod({ id: "p2", from: 100, to: 101 })],
    after(20),
  );
  assert.equal(shortfall.memoryNodeSeconds, 20);
  assert.equal(shortfall.memoryWorstNode, "node-1");
  assert.equal(shortfall.memoryWorstNodeSeconds, 20);
  assert.ok(shortfall.cpuNodeSeconds === 20 || shortfall.cpuNodeSeconds === 0);
});

test("proxies that grow at once are never short, and one that departs in time is short only until then", () => {
  assert.equal(resizing(TWO, AT_ONCE).shortfall.memoryNodeSeconds, 0);
  const brief = [aTracePod({ to: 5 }), TWO[1] ?? aTracePod()];
  // Five seconds of the first pod, and the one that the other is there for.
  assert.equal(resizing(brief, after(20)).shortfall.memoryNodeSeconds, 5 + 1);
});

test("growth that is refused is asked for again after the recommender's cooldown, and not before", () => {
  const { made, refused, shortfall } = resizing(TWO, { ...AT_ONCE, refusedShare: 1 });
  assert.equal(made, 0);
  // Two hours, every three minutes; and what the second pod asks for.
  assert.ok(refused >= 40 && refused <= 43, `${refused}`);
  assert.equal(shortfall.memoryNodeSeconds, 7_201);
});

test("growth that kubelet puts off it looks at again every three minutes; the recommender does not ask meanwhile", () => {
  const { made, deferred, refused } = resizing(TWO, { ...AT_ONCE, deferredShare: 1 });
  assert.equal(refused, 0);
  assert.ok(made <= 3, `${made}`);
  assert.ok(deferred >= 39 && deferred <= 44, `${deferred}`);
});

test("resizes that succeed at once change no other figure, and placement never overcommits, whatever becomes of them", () => {
  const pods = generateTrace({ seed: 3, pods: 150, spanSeconds: 24 * 3600, podSize: 0.5 });
  const { resizing: told, ...rest } = run(pods, AT_ONCE);
  const plain = replay({
    pods,
    policy: policyNamed("berth"),
    fleet: { kind: "fixed", nodes: NODES },
    seed: 1,
  });
  assert.deepEqual(rest, plain);
  assert.equal(told?.made, plain.resizes.grown + plain.resizes.shrunk);
  const harsh = run(pods, { delaySeconds: { from: 5, to: 300 }, deferredShare: 0.3, refusedShare: 0.3 });
  assert.equal(harsh.overcommits, 0);
  assert.ok((harsh.resizing?.deferred ?? 0) > 0 && (harsh.resizing?.refused ?? 0) > 0);
  const again = run(pods, { delaySeconds: { from: 5, to: 300 }, deferredShare: 0.3, refusedShare: 0.3 });
  assert.equal(JSON.stringify(again), JSON.stringify(harsh));
});

test("sidecars have no figures of resizes", () => {
  assert.equal(run(TWO, after(20), "sidecar-quarter").resizing, undefined);
});
