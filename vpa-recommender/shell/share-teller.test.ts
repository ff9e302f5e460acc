import assert from "node:assert/strict";
import { test } from "node:test";
import { anApp } from "#test/builders/a-pod.ts";
import { MIB } from "#test/builders/sizes.ts";
import { DEFAULT_PLANNER_OPTIONS } from "../policy/resize-planner.ts";
import { RecommenderBed } from "../testing/recommender-bed.ts";

const { shrinkDelayMs } = DEFAULT_PLANNER_OPTIONS;
const CART = anApp("cart");

test("a proxy is told its shares after it has grown for them", async () => {
  await using bed = await RecommenderBed.start();
  bed.join("cart", 2);
  await bed.pass(5_000);
  assert.deepEqual([...new Set(bed.patches)], ["resize", "shares"]);
  assert.deepEqual(bed.shares()?.apps.get(CART), {
    guaranteed: { cpuMilli: 70, memoryBytes: 120 * MIB },
    cap: { cpuMilli: 120, memoryBytes: 184 * MIB },
  });
});

test("shares are taken back before the proxy shrinks", async () => {
  await using bed = await RecommenderBed.start();
  bed.join("cart", 2);
  bed.join("pay", 4);
  await bed.pass(5_000);
  assert.equal(bed.shares()?.version, 1);
  bed.depart("pay");
  await bed.pass(shrinkDelayMs + 1_000);
  assert.deepEqual(bed.patches.slice(-3), ["shares", "shares", "resize"]);
  assert.deepEqual([...(bed.shares()?.apps.keys() ?? [])], [CART]);
  assert.equal(bed.requests(), "220m 312Mi");
});

test("a growth that is put off leaves the apps with shares of what the proxy has", async () => {
  await using bed = await RecommenderBed.start({ fault: () => 0.9 });
  bed.join("cart", 2);
  await bed.pass(5_000);
  // 150m less the base of 100m, for an app that calls for 70m.
  assert.deepEqual(bed.shares()?.apps.get(CART)?.guaranteed, { cpuMilli: 50, memoryBytes: 64 * MIB });
});
