import assert from "node:assert/strict";
import { test } from "node:test";
import type { NodeName } from "#model/brand.ts";
import { ClusterLedger } from "#model/ledger.ts";
import { noResources } from "#model/resources.ts";
import { aNode } from "#test/builders/a-node.ts";
import { aPod } from "#test/builders/a-pod.ts";
import type { ExplainedInstance, Throttling } from "./app-explanation.ts";
import { appList, appThrottling } from "./app-view.ts";

function anInstance(node: string, overrides: Partial<ExplainedInstance> = {}): ExplainedInstance {
  return {
    node: node as NodeName,
    pods: 1,
    needs: noResources,
    share: null,
    used: null,
    measuredAtMs: null,
    throttling: null,
    ...overrides,
  };
}

function throttling(overrides: Partial<Throttling>): { readonly throttling: Throttling } {
  return { throttling: { refused: {}, requests: 0, heldSeconds: 0, cpuLimitCores: null, ...overrides } };
}

test("the apps to choose from are those with pods, waiting ones too", () => {
  const ledger = new ClusterLedger();
  ledger.upsertNode(aNode());
  ledger.upsertPod(aPod({ name: "a", node: "node-1" }));
  const waiting = aPod({ name: "b", app: "web" });
  ledger.upsertPod(waiting);
  const { apps } = appList({ ledger, pods: [waiting], leftOut: 0 });
  assert.deepEqual(
    Object.values(apps).map(({ app, pods, pending }) => [app, pods, pending]),
    [
      ["shop/web", 0, 1],
      ["shop/cart", 1, 0],
    ],
  );
});

test("throttling adds up over the instances that could be asked, and says how many those are", () => {
  const sum = appThrottling([
    anInstance("node-1", throttling({ requests: 10, refused: { rate: 2 }, heldSeconds: 1 })),
    anInstance("node-2", throttling({ requests: 5, refused: { rate: 1, connections: 4 } })),
    anInstance("node-3", {
      used: { ...noResources, pods: 1, connections: 0, requestsPerSecond: 0, isThrottled: true },
    }),
  ]);
  assert.deepEqual(sum, {
    asked: 2,
    requests: 15,
    refused: { rate: 3, connections: 4 },
    refusedTotal: 7,
    heldSeconds: 1,
    heldNow: 1,
  });
});

test("nothing is said of throttling where nobody could be asked", () => {
  assert.equal(appThrottling([anInstance("node-1")]), undefined);
});
