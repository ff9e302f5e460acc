import assert from "node:assert/strict";
import { test } from "node:test";
import { DEFAULT_PLANNER_OPTIONS } from "../policy/resize-planner.ts";
import { COOLDOWN_MS } from "../policy/resize-state.ts";
import { RecommenderBed } from "../testing/recommender-bed.ts";

const { shrinkDelayMs } = DEFAULT_PLANNER_OPTIONS;
// Two pods of one app: 100 + 50 + 2 · 10 millicores and 128 + 100 + 2 · 10 MiB, and the least headroom, in steps.
const FOR_TWO_PODS = "220m 312Mi";

test("a pod that is bound makes its node's proxy grow at once, and no other node's", async () => {
  await using bed = await RecommenderBed.start();
  assert.equal(bed.requests(), "150m 192Mi");
  bed.join("cart", 2);
  await bed.settle();
  assert.equal(bed.requests(), FOR_TWO_PODS);
  assert.equal(bed.requests("proxy-on-node-2"), "150m 192Mi");
});

test("a proxy shrinks after the last pod has been gone for the delay, and not before", async () => {
  await using bed = await RecommenderBed.start();
  bed.join("cart", 2);
  await bed.pass(5_000);
  bed.depart("cart");
  await bed.pass(shrinkDelayMs - 1);
  assert.equal(bed.requests(), FOR_TWO_PODS);
  await bed.pass(1);
  assert.equal(bed.requests(), "150m 192Mi");
});

test("an app that comes back within the delay keeps the proxy as it is", async () => {
  await using bed = await RecommenderBed.start();
  bed.join("cart", 2);
  await bed.pass(5_000);
  bed.depart("cart");
  await bed.pass(shrinkDelayMs - 1_000);
  bed.join("cart", 2);
  await bed.pass(shrinkDelayMs);
  assert.equal(bed.requests(), FOR_TWO_PODS);
});

test("a node's proxy grows for pods nominated to it, before they run, and no further when they are bound", async () => {
  await using bed = await RecommenderBed.start();
  bed.nominate("cart", 2);
  await bed.settle();
  assert.equal(bed.requests(), FOR_TWO_PODS);
  bed.depart("cart");
  bed.join("cart", 2);
  await bed.pass(5_000);
  assert.equal(bed.requests(), FOR_TWO_PODS);
});

test("a proxy shrinks after a nomination has come to nothing for the delay", async () => {
  await using bed = await RecommenderBed.start();
  bed.nominate("cart", 2);
  await bed.settle();
  bed.depart("cart");
  await bed.pass(shrinkDelayMs - 1);
  assert.equal(bed.requests(), FOR_TWO_PODS);
  await bed.pass(1);
  assert.equal(bed.requests(), "150m 192Mi");
});

test("growth never takes the room that a nominated pod comes for", async () => {
  await using bed = await RecommenderBed.start();
  bed.nominate("cart", 1, { cpu: "3830m", memory: "64Mi" });
  await bed.settle();
  assert.equal(bed.requests(), "170m 304Mi");
});

test("growth never takes the room of the node's other pods", async () => {
  await using bed = await RecommenderBed.start();
  bed.join("cart", 1, { cpu: "3830m", memory: "64Mi" });
  await bed.settle();
  // 4,000 − 3,830 are left for the proxy's CPU; its memory grows as far as it should.
  assert.equal(bed.requests(), "170m 304Mi");
});

test("a proxy without room grows when another pod leaves", async () => {
  await using bed = await RecommenderBed.start();
  bed.join("batch", 1, { cpu: "3830m", memory: "64Mi" });
  await bed.settle();
  bed.join("cart", 2, { cpu: "0", memory: "0" });
  await bed.pass(5_000);
  assert.match(bed.requests(), /^170m /);
  bed.depart("batch");
  await bed.settle();
  assert.match(bed.requests(), /^220m /);
});

test("limits keep their distance from the requests", async () => {
  await using bed = await RecommenderBed.start({ limits: { cpu: "1", memory: "448Mi" } });
  bed.join("cart", 2);
  await bed.settle();
  assert.equal(bed.requests(), FOR_TWO_PODS);
  assert.equal(bed.limits(), "1070m 568Mi");
});

test("a profile whose costs change resizes the proxies that host the app", async () => {
  await using bed = await RecommenderBed.start();
  bed.join("cart", 2);
  await bed.settle();
  const profile = bed.api.store.get("meshprofiles", { namespace: "shop", name: "cart" })!;
  bed.api.store.update("meshprofiles", { ...profile, spec: { cost: { base: { cpu: "1", memory: "1Gi" } } } });
  await bed.settle();
  assert.notEqual(bed.requests(), FOR_TWO_PODS);
  assert.equal(bed.requests("proxy-on-node-2"), "150m 192Mi");
});

test("a resize that kubelet defers is left to it until it has room, and grows no further before", async () => {
  // A fault drawn above one half: deferred for 30 s although there is room.
  const faults = [0, 0.9];
  await using bed = await RecommenderBed.start({ fault: () => faults.shift() ?? 1 });
  bed.join("cart", 2);
  await bed.settle();
  assert.equal(bed.requests(), FOR_TWO_PODS);
  assert.deepEqual(planOf(bed), "rightSize");
  bed.join("pay", 2);
  await bed.settle();
  assert.equal(bed.requests(), FOR_TWO_PODS);
  assert.deepEqual(planOf(bed), "cooling");
  await bed.pass(30_000);
  assert.equal(bed.requests(), "290m 432Mi");
  assert.match(await bed.metrics.registry.metrics(), /resizes_pended_total\{reason="Deferred"\} 1/);
});

test("a resize that kubelet calls infeasible is asked for anew after the cooldown", async () => {
  const faults = [0, 0.1];
  const { headroomDelayMs } = DEFAULT_PLANNER_OPTIONS;
  await using bed = await RecommenderBed.start({ fault: () => faults.shift() ?? 1, headroomDelayMs });
  bed.join("cart", 2);
  await bed.pass(5_000);
  assert.equal(planOf(bed), "cooling");
  assert.deepEqual(allocatedOf(bed), { cpu: "150m", memory: "192Mi" });
  await bed.pass(COOLDOWN_MS);
  assert.equal(planOf(bed), "rightSize");
  assert.deepEqual(allocatedOf(bed), { cpu: "220m", memory: "312Mi" });
  assert.match(await bed.metrics.registry.metrics(), /resizes_pended_total\{reason="Infeasible"\} 1/);
});

test("a proxy takes what its apps call for at once, and headroom only after a calm", async () => {
  const { headroomDelayMs } = DEFAULT_PLANNER_OPTIONS;
  await using bed = await RecommenderBed.start({ headroomDelayMs });
  bed.join("cart", 2);
  await bed.pass(headroomDelayMs - 1);
  assert.equal(bed.requests(), "170m 248Mi");
  bed.join("web", 1);
  await bed.pass(headroomDelayMs - 1);
  const forThree = bed.requests();
  await bed.pass(2);
  assert.notEqual(bed.requests(), forThree);
  assert.equal(planOf(bed), "rightSize");
});

test("a resize that the API server refuses is tried again after the cooldown", async () => {
  await using bed = await RecommenderBed.start();
  // Static pods cannot be resized.
  bed.annotateProxy({ "kubernetes.io/config.mirror": "static" });
  bed.join("cart", 2);
  await bed.settle();
  assert.equal(bed.requests(), "150m 192Mi");
  assert.equal(planOf(bed), "cooling");
  bed.annotateProxy({});
  await bed.pass(COOLDOWN_MS - 1);
  assert.equal(bed.requests(), "150m 192Mi");
  await bed.pass(1);
  assert.equal(bed.requests(), FOR_TWO_PODS);
});

test("an API server that fails for a while is asked again soon", async () => {
  await using bed = await RecommenderBed.start();
  bed.failResizes(2);
  bed.join("cart", 2);
  await bed.settle();
  assert.equal(bed.requests(), "150m 192Mi");
  await bed.pass(10_000);
  assert.equal(bed.requests(), FOR_TWO_PODS);
  assert.match(await bed.metrics.registry.metrics(), /resizes_total\{direction="grow",outcome="failed"\} 2/);
});

test("a proxy that is made anew at its template's size is sized again", async () => {
  await using bed = await RecommenderBed.start();
  bed.join("cart", 2);
  await bed.settle();
  bed.deleteProxy("proxy-on-node-1");
  bed.createProxy("node-1", "proxy-again");
  await bed.settle();
  assert.equal(bed.requests("proxy-again"), FOR_TWO_PODS);
});

test("a new proxy beside an old one is sized once it is ready, whatever became of the old one's resizes", async () => {
  await using bed = await RecommenderBed.start();
  bed.annotateProxy({ "kubernetes.io/config.mirror": "static" });
  bed.join("cart", 2);
  await bed.settle();
  assert.equal(planOf(bed), "cooling");
  bed.createProxy("node-1", "proxy-again");
  await bed.settle();
  assert.equal(bed.requests("proxy-again"), "150m 192Mi");
  await bed.pass(5_000);
  assert.equal(bed.requests("proxy-again"), FOR_TWO_PODS);
  assert.equal(bed.requests(), "150m 192Mi");
});

test("on a full node the present proxy lends the next one what it lacks, and the next one has it all in the end", async () => {
  await using bed = await RecommenderBed.start();
  bed.join("cart", 2);
  bed.join("batch", 1, { cpu: "3570m", memory: "7752Mi" });
  await bed.pass(5_000);
  // 4,000 − 3,570 − 2 · 100 and 8,192 − 7,752 − 2 · 64 are left for the proxies.
  assert.equal(bed.requests(), "230m 312Mi");
  bed.createWaitingProxy("next-proxy", { cpu: "115m", memory: "156Mi" });
  await bed.pass(5_000);
  assert.equal(bed.requests(), "115m 156Mi");
  assert.equal(planOf(bed), "noRoom");
  bed.bindProxy("next-proxy");
  await bed.pass(5_000);
  assert.equal(bed.requests(), "115m 156Mi");
  assert.equal(bed.requests("next-proxy"), "115m 156Mi");
  bed.deleteProxy("proxy-on-node-1");
  await bed.pass(15_000);
  assert.equal(bed.requests("next-proxy"), "230m 312Mi");
});

test("what was lent to a next proxy comes back when that one is taken away, and none of it while it waits", async () => {
  await using bed = await RecommenderBed.start();
  bed.join("batch", 1, { cpu: "3850m", memory: "8000Mi" });
  await bed.pass(5_000);
  const before = bed.requests();
  bed.createWaitingProxy("next-proxy", { cpu: "75m", memory: "64Mi" });
  await bed.pass(60_000);
  assert.notEqual(bed.requests(), before);
  bed.deleteProxy("next-proxy");
  await bed.pass(15_000);
  assert.equal(bed.requests(), before);
});

test("a next proxy that never becomes ready does not keep the present one from growing", async () => {
  await using bed = await RecommenderBed.start();
  bed.createWaitingProxy("next-proxy");
  bed.bindProxy("next-proxy");
  await bed.settle();
  bed.join("cart", 2);
  await bed.settle();
  assert.equal(bed.requests(), FOR_TWO_PODS);
});

test("what is recommended can be read, and the time in which a proxy was too small is measured", async () => {
  await using bed = await RecommenderBed.start();
  bed.join("cart", 2);
  await bed.pass(5_000);
  const first = [...bed.sizing.recommendations()].find(({ node }) => node === "node-1");
  assert.deepEqual(
    { ...first, required: first?.required.cpuMilli, target: first?.target.cpuMilli },
    {
      node: "node-1",
      pod: "berth-system/proxy-on-node-1",
      mode: "InPlace",
      current: { cpuMilli: 220, memoryBytes: 312 * 1024 ** 2 },
      required: 170,
      target: 220,
      plan: "rightSize",
    },
  );
  const metrics = await bed.metrics.registry.metrics();
  assert.match(metrics, /^berth_recommender_shortfall_seconds_count 1$/m);
  assert.match(metrics, /^berth_recommender_resizes_total\{direction="grow",outcome="accepted"\} 2$/m);
});

function planOf(bed: RecommenderBed): string | undefined {
  return [...bed.sizing.recommendations()].find(({ node }) => node === "node-1")?.plan;
}

function allocatedOf(bed: RecommenderBed): unknown {
  const statuses = bed.proxy().status?.["containerStatuses"] as readonly { allocatedResources?: unknown }[];
  return statuses[0]?.allocatedResources;
}
