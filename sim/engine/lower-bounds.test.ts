import assert from "node:assert/strict";
import { test } from "node:test";
import { VirtualClock } from "#runtime/virtual-clock.ts";
import { LeastNeedSums, nodesMin } from "./lower-bounds.ts";
import { appProfiles } from "./app-profiles.ts";
import { replayPod } from "./replay-pod.ts";
import { aTracePod } from "./test-trace.ts";

const need = { pods: 5, instances: 2, cpuMilli: 100, memoryBytes: 90 };

test("an app needs as many instances as its limit per node makes it, and fewer once pods leave", () => {
  const pods = ["a", "b", "c"].map((id) => aTracePod({ id, maxPerNode: 2 }));
  const mesh = { kind: "nodeProxy" } as const;
  const clock = new VirtualClock();
  const sums = new LeastNeedSums(mesh, appProfiles(pods, {}), clock);
  const replayed = pods.map((pod) => replayPod(pod, mesh));
  for (const pod of replayed) sums.podBound(pod);
  assert.equal(sums.current().instances, 2);
  const [first, second, third] = replayed;
  assert.ok(first !== undefined && second !== undefined && third !== undefined);
  sums.podLeft(second);
  assert.equal(sums.current().instances, 1);
  sums.podLeft(first);
  sums.podLeft(third);
  assert.deepEqual(sums.current(), { pods: 0, instances: 0, cpuMilli: 0, memoryBytes: 0 });
});

test("equal nodes: the scarcer resource decides, beside the proxy", () => {
  const supply = { cpuMilli: 30, memoryBytes: 100 };
  assert.equal(nodesMin(need, { supply, podsPerNodeMax: 10, proxyBase: undefined }), 4);
  const proxyBase = { cpuMilli: 10, memoryBytes: 0 };
  assert.equal(nodesMin(need, { supply, podsPerNodeMax: 10, proxyBase }), 5);
});

test("places for pods can be what is scarce", () => {
  const supply = { cpuMilli: 1000, memoryBytes: 1000 };
  assert.equal(nodesMin(need, { supply, podsPerNodeMax: 2, proxyBase: undefined }), 3);
});

test("unequal nodes count largest first, and too few of them are none", () => {
  const small = { cpuMilli: 10, memoryBytes: 100 };
  const large = { cpuMilli: 60, memoryBytes: 100 };
  const limits = { podsPerNodeMax: 10, proxyBase: undefined };
  assert.equal(nodesMin(need, { supply: [small, large, small, large], ...limits }), 2);
  assert.equal(nodesMin(need, { supply: [small, large], ...limits }), undefined);
});
