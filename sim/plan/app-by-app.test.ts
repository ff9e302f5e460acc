import assert from "node:assert/strict";
import { test } from "node:test";
import type { AppName, PodUid } from "#model/brand.ts";
import { SeededRandom } from "../seeded-random.ts";
import { appByApp } from "./app-by-app.ts";
import type { PlannedPod } from "./planned-cluster.ts";

const PODS: readonly PlannedPod[] = Array.from({ length: 24 }, (_, index) => ({
  view: {
    uid: `p${index}` as PodUid,
    namespace: "default",
    name: `p${index}`,
    app: index % 3 === 2 ? undefined : (`default/a${index % 4}` as AppName),
    request: { cpuMilli: 1, memoryBytes: 1 },
    nodeName: undefined,
    isFinished: false,
    ownerUid: undefined,
    proxy: undefined,
  },
  sidecar: { cpuMilli: 0, memoryBytes: 0 },
  wishes: { tolerations: [] },
  bond: undefined,
}));

test("an app's pods come one after the other, none is lost, and the seed decides which app is first", () => {
  const ordered = appByApp(PODS, new SeededRandom(1)).map(({ view }) => view);
  assert.deepEqual(new Set(ordered), new Set(PODS.map(({ view }) => view)));
  const runs = ordered.filter(({ app }, index) => app !== undefined && app !== ordered[index - 1]?.app);
  assert.equal(runs.length, 4, "every app is met once");
  const again = appByApp(PODS, new SeededRandom(1)).map(({ view }) => view);
  assert.deepEqual(again, ordered);
  assert.notDeepEqual(
    appByApp(PODS, new SeededRandom(2)).map(({ view }) => view),
    ordered,
  );
});
