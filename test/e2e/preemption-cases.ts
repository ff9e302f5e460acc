// A pod of high priority that finds its nodes full: kube-scheduler asks the extender which victims are enough.

import assert from "node:assert/strict";
import { test } from "node:test";
import { decodePod } from "#kube/decode-pod.ts";
import { CallRecording } from "./call-recording.ts";
import { APP_NAMESPACE, deployment } from "./install-cases.ts";
import { POOL } from "./placement-cases.ts";
import type { TestCluster } from "./test-cluster.ts";

const FILLERS = 9;

export function preemptionCases(cluster: () => TestCluster): void {
  const recording = new CallRecording(cluster, POOL);

  test("the preempt verb adds victims where kube-scheduler's own leave no room for B", async (t) => {
    await createPriorities(cluster());
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
    const recorded = await recording.begin("preemption", "urgent");
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
    recorded("preempt");
    const call = cluster()
      .recorder.exchanges()
      .find(({ verb, request }) => verb === "preempt" && nameIn(request).startsWith("urgent"));
    // There may be a second while the watch lags; that it costs no further pod is the next case's.
    assert.ok(call !== undefined, "kube-scheduler called the preempt verb");
    const offered = victimsIn((call.request as PreemptionArgs).NodeNameToMetaVictims ?? {});
    const answered = victimsIn((call.reply as PreemptionReply).NodeNameToMetaVictims);
    t.diagnostic(`offered ${JSON.stringify(offered)}, answered ${JSON.stringify(answered)}`);
    assert.deepEqual(Object.values(offered), [1, 1, 1]);
    assert.deepEqual(Object.values(answered), [2, 2, 2]);
  });

  test("no pod of another node was preempted, and those that were do not come back into the preemptor's room", async () => {
    const urgent = (await podsOf(cluster(), "urgent"))[0];
    const fillers = await podsOf(cluster(), "filler");
    const perNode = Map.groupBy(
      fillers.filter(({ nodeName }) => nodeName !== undefined),
      ({ nodeName }) => nodeName,
    );
    assert.deepEqual([...perNode.values()].map(({ length }) => length).sort(), [1, 3, 3]);
    assert.equal(perNode.get(urgent?.nodeName)?.length, 1);
    await cluster().kubectl("-n", APP_NAMESPACE, "delete", "deployment", "filler", "urgent");
  });

  test("a mesh pod of the pool is filtered and scored on its three nodes", async () => {
    for (const app of ["filler", "urgent"]) {
      await cluster().until(async () => (await podsOf(cluster(), app)).length === 0, `${app} to be gone`);
    }
    const recorded = await recording.begin("the first pod of an app", "scout");
    await cluster().apply(deployment("scout", { replicas: 1, pool: POOL }));
    await cluster().until(async () => (await bound(cluster(), "scout")) === 1, "the pod to be bound");
    recorded("prioritize");
    await cluster().kubectl("-n", APP_NAMESPACE, "delete", "deployment", "scout");
  });

  test("what kube-scheduler sends is what the fast tests replay", () => recording.settle());
}

async function createPriorities({ connection }: TestCluster): Promise<void> {
  for (const [name, value] of Object.entries({ low: 100, high: 10_000 })) {
    const path = "/apis/scheduling.k8s.io/v1/priorityclasses";
    await connection.create(path, { metadata: { name }, value });
  }
}

function nameIn(request: unknown): string {
  return (request as PreemptionArgs).Pod.metadata.name;
}

interface PreemptionArgs {
  readonly Pod: { readonly metadata: { readonly name: string } };
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
  return (await podsOf(cluster, app)).filter(({ nodeName }) => nodeName !== undefined).length;
}

async function podsOf(cluster: TestCluster, app: string) {
  return (await cluster.pods(APP_NAMESPACE, { labelSelector: `berth.dev/app=${app}` })).map(decodePod);
}
