import assert from "node:assert/strict";
import { test } from "node:test";
import type { NodeName } from "#model/brand.ts";
import { KubeApiError } from "#kube/api-error.ts";
import { ClusterLedger } from "#model/ledger.ts";
import { unitCost } from "#model/mesh-cost.ts";
import { systemClock } from "#runtime/clock.ts";
import { silentLogger } from "#runtime/logger.ts";
import { anApp } from "#test/builders/a-pod.ts";
import { aProfile } from "#test/builders/a-profile.ts";
import { GIB, MIB } from "#test/builders/sizes.ts";
import { SizingModel } from "../policy/sizing-model.ts";
import { RecommenderBed } from "../testing/recommender-bed.ts";
import { CostPublisher } from "./cost-publisher.ts";
import { WriteBudget } from "./write-budget.ts";

const CART = anApp("cart");
const START_MS = Date.UTC(2026, 0, 1);

/** Cart's instances use 80m and 150 MiB, and 20m and 25 MiB more for each pod. */
function teach(model: SizingModel, ledger: ClusterLedger, endMs: number): void {
  const node = {
    allocatable: { cpuMilli: 8_000, memoryBytes: 32 * GIB },
    proxyBase: { cpuMilli: 100, memoryBytes: 128 * MIB },
    modelCost: { cpuMilli: 70, memoryBytes: 120 * MIB },
    appPods: new Map(),
  };
  for (let minute = 200; minute > 0; minute--) {
    const timeMs = endMs - minute * 60_000;
    const pods = 1 + (minute % 5);
    const used = { cpuMilli: 80 + 20 * pods, memoryBytes: (150 + 25 * pods) * MIB };
    const instances = new Map([[CART, { pods, connections: 0, kiloRps: 0, used, isThrottled: false }]]);
    model.observe(
      { ...node, name: "elsewhere" as NodeName },
      { used, timeMs, instances },
      { nowMs: timeMs, priorOf: (app) => ledger.profile(app).cost },
    );
  }
}

test("learned costs are written to the profile and charged: a node's proxy grows before it has any history", async () => {
  await using bed = await RecommenderBed.start();
  bed.join("cart", 2);
  await bed.pass(5_000);
  assert.equal(bed.requests(), "220m 312Mi");
  teach(bed.model, bed.ledger, bed.clock.nowMs());
  await bed.costs.publish(bed.clock.nowMs());
  await bed.pass(5_000);
  const { base, perPod } = unitCost(bed.ledger.profile(CART).learned?.cost ?? aProfile().cost);
  assert.ok(
    Math.abs(base.cpuMilli - 80) <= 3 && Math.abs(perPod.cpuMilli - 20) <= 1,
    JSON.stringify({ base, perPod }),
  );
  assert.deepEqual(bed.ledger.unitCost(CART), { base, perPod });
  // 100 + 80 + 2 · 20, and the least headroom.
  assert.match(bed.requests(), /^2[78]0m /);
});

test("a write that names an old version is read and written again", async () => {
  const ledger = new ClusterLedger();
  ledger.setProfile(aProfile());
  const model = new SizingModel();
  teach(model, ledger, START_MS);
  const written: unknown[] = [];
  let version = 6;
  const connection = {
    get: async () => ({ items: [{ metadata: { resourceVersion: String(++version) } }] }),
    patch: async (path: string, body: unknown) => {
      if (version < 8) throw new KubeApiError({ status: 409, reason: "Conflict", message: "changed" });
      written.push(path, (body as { metadata: unknown }).metadata);
    },
  };
  const budget = new WriteBudget({ rate: undefined, clock: systemClock() });
  const costs = new CostPublisher({ connection, ledger, model, budget, logger: silentLogger });
  await costs.publish(START_MS);
  const path = "/apis/berth.dev/v1alpha1/namespaces/shop/meshprofiles/cart/status";
  assert.deepEqual(written, [path, { resourceVersion: "8" }]);
});
