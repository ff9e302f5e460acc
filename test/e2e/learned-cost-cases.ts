// Learned costs on their way into a profile, under the recommender's own account. Proxies of this suite have addresses
// that nobody can reach, so what their instances used is told to the recommender's model here.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { NodeName } from "#model/brand.ts";
import { ClusterLedger } from "#model/ledger.ts";
import { chargedCost } from "#model/mesh-cost.ts";
import { MESH_PROFILES, resourcePath } from "#kube/resource-path.ts";
import { decodeMeshProfile } from "#kube/mesh-profile-schema.ts";
import { systemClock } from "#runtime/clock.ts";
import { silentLogger } from "#runtime/logger.ts";
import { SizingModel } from "#vpa-recommender/policy/sizing-model.ts";
import { CostPublisher } from "#vpa-recommender/shell/cost-publisher.ts";
import { WriteBudget } from "#vpa-recommender/shell/write-budget.ts";
import { connectedAs } from "./rights-cases.ts";
import type { TestCluster } from "./test-cluster.ts";

const MIB = 1024 ** 2;

export function learnedCostCases(cluster: () => TestCluster): void {
  test("learned costs stand in the profile's status beside its ports, and are charged", async () => {
    const { connection } = cluster();
    const { items } = (await connection.get(resourcePath(MESH_PROFILES))) as { items: readonly unknown[] };
    const profile = items.map(decodeMeshProfile).find(({ ports }) => ports !== undefined);
    assert.ok(profile !== undefined, "some app has ports");
    const { app } = profile;
    const ledger = new ClusterLedger();
    ledger.setProfile(profile);
    const model = new SizingModel();
    const nowMs = Date.now();
    for (let minute = 120; minute > 0; minute--) {
      const pods = 1 + (minute % 4);
      const used = { cpuMilli: 30 + 15 * pods, memoryBytes: (60 + 12 * pods) * MIB };
      const usage = { pods, connections: 0, kiloRps: 0, used, isThrottled: false };
      const timeMs = nowMs - minute * 60_000;
      model.observe(
        {
          name: "elsewhere" as NodeName,
          allocatable: { cpuMilli: 8_000, memoryBytes: 16_384 * MIB },
          proxyBase: { cpuMilli: 0, memoryBytes: 0 },
          modelCost: { cpuMilli: 100, memoryBytes: 200 * MIB },
          appPods: new Map([[app, pods]]),
        },
        { used, timeMs, instances: new Map([[app, usage]]) },
        { nowMs: timeMs, priorOf: () => profile.cost },
      );
    }
    const account = await connectedAs(cluster(), "berth-vpa-recommender", "berth-e2e-learned-costs");
    try {
      const budget = new WriteBudget({ rate: undefined, clock: systemClock() });
      const costs = new CostPublisher({ connection: account, ledger, model, budget, logger: silentLogger });
      await costs.publish(nowMs);
    } finally {
      await account.close();
    }
    const after = (await connection.get(resourcePath(MESH_PROFILES))) as { items: readonly unknown[] };
    const written = after.items.map(decodeMeshProfile).find((other) => other.app === app);
    assert.deepEqual(written?.ports, profile.ports);
    assert.ok(written?.learned !== undefined && chargedCost(written) === written.learned.cost);
    assert.ok(Math.abs(written.learned.cost.base.cpuMilli - 30) < 3);
  });
}
