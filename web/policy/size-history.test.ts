import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { MOMENTS_MAX, NODES_MAX, SizeHistory, type SizeMoment } from "./size-history.ts";

function aMoment(atMs: number, pods: number): SizeMoment {
  return {
    atMs,
    cpuMilliHas: 100,
    cpuMilliRequired: 90 + pods,
    memoryBytesHas: 2 ** 40,
    memoryBytesRequired: 3 * 2 ** 33 + pods,
    pods,
  };
}

test("only changes are kept, as they were", () => {
  const history = new SizeHistory();
  history.note("n1", aMoment(1, 1));
  history.note("n1", aMoment(2, 1));
  history.note("n1", aMoment(3, 2));
  assert.deepEqual(history.of("n1").atMs, [1, 3]);
  assert.deepEqual(history.of("n1").memoryBytesRequired, [3 * 2 ** 33 + 1, 3 * 2 ** 33 + 2]);
  assert.deepEqual(history.of("n2").atMs, []);
});

test("however much changes, a node's moments are bounded, in order, and hold the first and the last", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 2_000 }), (changes) => {
      const history = new SizeHistory();
      for (let index = 0; index < changes; index++) history.note("n1", aMoment(index, index));
      const { atMs, pods } = history.of("n1");
      assert.ok(atMs.length <= MOMENTS_MAX);
      assert.ok(atMs.every((at, index) => index === 0 || at > (atMs[index - 1] ?? 0)));
      assert.deepEqual([atMs[0], atMs.at(-1)], [0, changes - 1]);
      assert.deepEqual(pods, atMs, "the columns belong together");
    }),
    { numRuns: 50 },
  );
});

test("nodes that are gone are forgotten, and make room for others", () => {
  const history = new SizeHistory();
  for (let index = 0; index <= NODES_MAX; index++) history.note(`n${index}`, aMoment(1, 1));
  assert.deepEqual(history.of(`n${NODES_MAX}`).atMs, []);
  history.keepOnly((node) => node !== "n0");
  history.note("new", aMoment(1, 1));
  assert.deepEqual([history.of("n0").atMs, history.of("new").atMs], [[], [1]]);
});
