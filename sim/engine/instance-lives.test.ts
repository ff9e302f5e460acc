import assert from "node:assert/strict";
import { test } from "node:test";
import type { TracePod } from "../traces/trace.ts";
import type { InstanceConditions, InstancesResult } from "./instance-lives.ts";
import { replay } from "./replay.ts";
import type { RunResult } from "./run-result.ts";
import type { ScenarioEvent } from "./scenario-event.ts";
import { aTracePod, policyNamed, SMALL_NODE } from "./test-trace.ts";

const ONE_NODE = { kind: "fixed", nodes: [{ name: "node-1", allocatable: SMALL_NODE }] } as const;
const USUAL: InstanceConditions = { startSeconds: 2, lingerSeconds: 30 };

function run(pods: readonly TracePod[], instances = USUAL, events: readonly ScenarioEvent[] = []): RunResult {
  const conditions = {
    instances,
    resizes: { delaySeconds: { from: 0, to: 0 }, deferredShare: 0, refusedShare: 0 },
  };
  return replay({ pods, policy: policyNamed("berth"), fleet: ONE_NODE, seed: 1, events, conditions });
}

function lives(...args: Parameters<typeof run>): InstancesResult {
  const { instances } = run(...args);
  assert.ok(instances !== undefined);
  return instances;
}

// Only lets time pass.
const END = aTracePod({ id: "end", app: "end", from: 1_000 });

test("an app's first pod on a node waits for its instance, a later one does not", () => {
  const pods = [
    aTracePod({ id: "a" }),
    aTracePod({ id: "b", from: 1 }),
    aTracePod({ id: "c", from: 3 }),
    END,
  ];
  const { starts, podsWaited, waitSecondsMean, waitSecondsMax } = lives(pods);
  assert.equal(starts, 2);
  // The first waits two seconds, the second one; so does the app that only lets time pass.
  assert.equal(podsWaited, 3);
  assert.equal(waitSecondsMax, 2);
  assert.ok(Math.abs(waitSecondsMean - 5 / 3) < 1e-9);
});

test("an instance stays for its linger after its last pod, and costs its base all that time", () => {
  const { lingeringHours, lingeringGibHours, startsSpared } = lives([aTracePod({ to: 100 }), END]);
  assert.equal(lingeringHours, 30 / 3600);
  assert.ok(Math.abs(lingeringGibHours - (30 / 3600) * (200 / 1024)) < 1e-9);
  assert.equal(startsSpared, 0);
});

test("a pod that comes while the instance lingers needs no other one", () => {
  const back = [aTracePod({ id: "a", to: 100 }), aTracePod({ id: "b", from: 120, to: 500 }), END];
  const { starts, startsSpared, lingeringHours, podsWaited } = lives(back);
  assert.equal(starts, 2);
  assert.equal(startsSpared, 1);
  assert.ok(Math.abs(lingeringHours - (20 + 30) / 3600) < 1e-9);
  assert.equal(podsWaited, 2);
  assert.equal(lives(back, { startSeconds: 2, lingerSeconds: 0 }).starts, 3);
});

test("an upgraded proxy starts its instances anew, and a lost node's end with it", () => {
  const pods = [aTracePod(), aTracePod({ id: "gone", app: "gone", to: 90 }), END];
  const upgraded = lives(pods, USUAL, [
    { kind: "proxyUpgrade", atSeconds: 50, nodesAtOnce: 1, stepSeconds: 50 },
  ]);
  // Cart, gone and the last; the next proxy starts cart again. At 100 the one without pods goes with its proxy.
  assert.equal(upgraded.starts, 4);
  assert.ok(Math.abs(upgraded.lingeringHours - 10 / 3600) < 1e-9);
  const lost = lives(pods, USUAL, [
    { kind: "nodeLoss", atSeconds: 50, nodes: { count: 1 }, backAfterSeconds: 20, evictSeconds: 20 },
  ]);
  assert.equal(lost.lingeringHours, 30 / 3600);
});

test("what lingers beyond what is required can leave a proxy short of memory", () => {
  // Two instances of 200 MiB linger while a third app has come; what is required has room for one.
  const brief = (app: string, from: number): TracePod => aTracePod({ id: app, app, from, to: from + 1 });
  const pods = [brief("a", 0), brief("b", 2), brief("c", 4), END];
  const short = (lingerSeconds: number): number =>
    run(pods, { startSeconds: 0, lingerSeconds }).resizing?.shortfall.memoryNodeSeconds ?? 0;
  assert.equal(short(0), 0);
  assert.ok(short(30) > 20, `${short(30)}`);
});
