import assert from "node:assert/strict";
import { test } from "node:test";
import type { NodeName } from "#model/brand.ts";
import { MIB } from "#test/builders/sizes.ts";
import { RecommenderBed, USAGE_INTERVAL_MS } from "../testing/recommender-bed.ts";

/** Has the proxy on node-1 use its base and this share of what two pods cost by the model. */
function use(bed: RecommenderBed, share: number, name = "proxy-on-node-1"): void {
  const usage = { cpuMilli: 100 + share * 70, memoryBytes: (128 + share * 120) * MIB };
  bed.api.setMetricsSource(() => [{ namespace: "berth-system", name, ...usage }]);
}

const NODE = "node-1" as NodeName;
const ENOUGH_MS = 20 * USAGE_INTERVAL_MS;

test("a proxy that uses twice what its apps were thought to cost is corrected and grows", async () => {
  await using bed = await RecommenderBed.start();
  bed.join("cart", 2);
  use(bed, 2);
  await bed.pass(ENOUGH_MS);
  const { cpu, memory } = bed.correction() as { readonly cpu: number; readonly memory: number };
  for (const factor of [cpu, memory]) assert.ok(factor > 2.2 && factor < 2.5, String(factor));
  assert.equal(bed.ledger.node(NODE)?.correction.cpu, cpu);
  const required = bed.ledger.node(NODE)?.required();
  assert.equal(required?.cpuMilli, 100 + Math.ceil(cpu * 70));
  // The proxy follows what is used now; placement keeps the margin.
  assert.equal(bed.requests(), "300m 432Mi");
  assert.equal(bed.correction("proxy-on-node-2"), undefined);
});

test("usage that matches the model closely enough is not written down", async () => {
  await using bed = await RecommenderBed.start();
  bed.join("cart", 2);
  use(bed, 0.87);
  await bed.pass(ENOUGH_MS);
  assert.equal(bed.correction(), undefined);
});

test("a load that nobody planned is covered within two minutes and given back within half an hour", async () => {
  await using bed = await RecommenderBed.start();
  bed.join("cart", 2);
  use(bed, 1);
  await bed.pass(2 * 60 * USAGE_INTERVAL_MS);
  const [cpuBefore, memoryBefore] = sizeIn(bed.requests());
  use(bed, 2.5);
  await bed.pass(2 * USAGE_INTERVAL_MS);
  assert.match(bed.requests(), /^3[0-9]0m /);
  await bed.pass(3 * 60 * USAGE_INTERVAL_MS);
  use(bed, 1);
  await bed.pass(30 * USAGE_INTERVAL_MS);
  const [cpu, memory] = sizeIn(bed.requests());
  // One step of the planner: the swing is remembered as restlessness for some hours.
  assert.ok(cpu <= cpuBefore + 10, bed.requests());
  assert.equal(memory, memoryBefore);
});

function sizeIn(requests: string): [cpuMilli: number, memoryMib: number] {
  const [cpu = Number.NaN, memory = Number.NaN] = requests.match(/\d+/g)?.map(Number) ?? [];
  return [cpu, memory];
}

test("too few readings, or readings of nodes whose pods just changed, correct nothing", async () => {
  await using bed = await RecommenderBed.start();
  bed.join("cart", 2);
  use(bed, 2);
  await bed.pass(11 * USAGE_INTERVAL_MS);
  assert.equal(bed.correction(), undefined);
  for (let minute = 0; minute < 20; minute++) {
    bed.join(`guest-${minute}`);
    await bed.pass(USAGE_INTERVAL_MS / 2);
    bed.depart(`guest-${minute}`);
    await bed.pass(USAGE_INTERVAL_MS / 2);
  }
  assert.equal(bed.correction(), undefined);
});

test("without the metrics API the corrections stay as they are", async () => {
  await using bed = await RecommenderBed.start();
  bed.join("cart", 2);
  use(bed, 2);
  await bed.pass(ENOUGH_MS);
  const before = bed.correction();
  assert.ok(before);
  bed.api.setMetricsSource(() => {
    throw new Error("the metrics API is away");
  });
  await bed.pass(ENOUGH_MS);
  assert.deepEqual(bed.correction(), before);
  const metrics = await bed.metrics.registry.metrics();
  assert.match(metrics, /^berth_recommender_usage_reads_total\{outcome="failed"\} 20$/m);
  use(bed, 0.5);
  await bed.pass(ENOUGH_MS);
  assert.match(await bed.metrics.registry.metrics(), /usage_reads_total\{outcome="ok"\} 40/);
});

test("a proxy that is made anew is given its node's correction again", async () => {
  await using bed = await RecommenderBed.start();
  bed.join("cart", 2);
  use(bed, 2);
  await bed.pass(ENOUGH_MS);
  const before = bed.correction();
  bed.deleteProxy("proxy-on-node-1");
  bed.createProxy("node-1", "proxy-again");
  use(bed, 2, "proxy-again");
  await bed.pass(3 * USAGE_INTERVAL_MS);
  assert.deepEqual(bed.correction("proxy-again"), before);
});
