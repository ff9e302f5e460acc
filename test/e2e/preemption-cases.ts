// A pod of high priority that finds its nodes full: kube-scheduler asks the extender which victims are enough.

import assert from "node:assert/strict";
import { test } from "node:test";
import { decodePod } from "#kube/decode-pod.ts";
import { APP_NAMESPACE, deployment } from "./install-cases.ts";
import { POOL } from "./placement-cases.ts";
import type { TestCluster } from "./test-cluster.ts";

const FILLERS = 9;

export function preemptionCases(cluster: () => TestCluster): void {
  test("the preempt verb adds victims where kube-scheduler's own leave no room for B", async (t) => {
    for (const [name, value] of [
      ["low", 100],
      ["high", 10_000],
    ] as const) {
      await cluster().connection.create("/apis/scheduling.k8s.io/v1/priorityclasses", {
        metadata: { name },
        value,
      });
    }
    // Outside the mesh, three to a node: 7,800 of 8,000 millicores beside the proxy's 150.
    await cluster().apply(
      deployment("filler", {
        replicas: FILLERS,
        cpu: "2600m",
        memory: "1Gi",
        pool: POOL,
        priorityClassName: "low",
        labels: { "berth.dev/mesh": "disabled" },
      }),
    );
    await cluster().until(async () => (await bound(cluster(), "filler")) === FILLERS, "the pool to be full");
    // One filler's room is enough for A, with 10 millicores to spare; the proxy's 150 would have to be 170.
    await cluster().apply(
      deployment("urgent", {
        replicas: 1,
        cpu: "2640m",
        memory: "1Gi",
        pool: POOL,
        priorityClassName: "high",
      }),
    );
    await cluster().until(async () => (await bound(cluster(), "urgent")) === 1, "the urgent pod to be bound");
    const [exchange] = cluster().recorder.exchanges("preempt");
    assert.ok(exchange !== undefined, "kube-scheduler called the preempt verb");
    assert.equal(exchange.status, 200);
    const offered = victimsIn((exchange.request as PreemptionArgs).NodeNameToMetaVictims ?? {});
    const answered = victimsIn((exchange.reply as PreemptionReply).NodeNameToMetaVictims);
    t.diagnostic(`offered ${JSON.stringify(offered)}, answered ${JSON.stringify(answered)}`);
    for (const [node, victims] of Object.entries(offered)) assert.equal(victims, 1, node);
    for (const [node, victims] of Object.entries(answered)) assert.equal(victims, 2, node);
    assert.ok(Object.keys(answered).length > 0);
  });

  test("preempted pods wait for room, and nothing is placed on what was promised to the preemptor", async () => {
    const pods = (await cluster().pods(APP_NAMESPACE)).map(decodePod);
    const urgent = pods.find(({ app }) => app === `${APP_NAMESPACE}/urgent`);
    const beside = pods.filter(
      ({ name, nodeName }) => name.startsWith("filler") && nodeName === urgent?.nodeName,
    );
    assert.equal(beside.length, 1);
    await cluster().kubectl("-n", APP_NAMESPACE, "delete", "deployment", "filler", "urgent");
  });
}

interface PreemptionArgs {
  readonly NodeNameToMetaVictims?: Victims;
}

interface PreemptionReply {
  readonly NodeNameToMetaVictims: Victims;
}

type Victims = Readonly<Record<string, { readonly Pods: readonly unknown[] }>>;

function victimsIn(nodes: Victims): Readonly<Record<string, number>> {
  return Object.fromEntries(Object.entries(nodes).map(([node, { Pods }]) => [node, Pods.length]));
}

async function bound(cluster: TestCluster, app: string): Promise<number> {
  const pods = (await cluster.pods(APP_NAMESPACE, { labelSelector: `berth.dev/app=${app}` })).map(decodePod);
  return pods.filter(({ nodeName }) => nodeName !== undefined).length;
}
