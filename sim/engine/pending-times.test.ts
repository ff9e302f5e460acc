import assert from "node:assert/strict";
import { test } from "node:test";
import type { PodUid } from "#model/brand.ts";
import { PendingTimes } from "./pending-times.ts";
import { replay } from "./replay.ts";
import { aTracePod, policyNamed, SMALL_NODE } from "./test-trace.ts";

test("percentiles are of all pods that were placed, those that did not wait included", () => {
  const times = new PendingTimes();
  for (const [number, seconds] of [40, 10, 30, 20].entries()) {
    const uid = `pod-${number}` as PodUid;
    times.began(uid, 1_000);
    times.began(uid, 9_000);
    times.placed(uid, 1_000 + seconds * 1000);
  }
  assert.deepEqual(times.result({ placed: 10, unplaced: 2 }), {
    waited: 6,
    neverPlaced: 2,
    secondsP50: 0,
    secondsP90: 30,
    secondsP99: 40,
    secondsMax: 40,
  });
  assert.equal(times.result({ placed: 10, unplaced: 2 }).secondsP50, 0);
  assert.equal(new PendingTimes().result({ placed: 0, unplaced: 3 }).secondsMax, undefined);
});

test("a pod that waits for another to leave has been pending that long", () => {
  const large = { cpuMilli: 6_000 };
  const { pending } = replay({
    pods: [
      aTracePod({ id: "first", ...large, to: 100 }),
      aTracePod({ id: "second", ...large, from: 30 }),
      aTracePod({ id: "third", ...large, from: 40 }),
    ],
    policy: policyNamed("berth"),
    fleet: { kind: "fixed", nodes: [{ name: "node-1", allocatable: SMALL_NODE }] },
    seed: 1,
  });
  assert.deepEqual([pending.secondsP50, pending.secondsMax], [0, 70]);
  assert.deepEqual([pending.waited, pending.neverPlaced], [2, 1]);
});
