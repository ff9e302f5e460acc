// Why a pod is where it is, and what it waits for: asked of the leader through the API server, as `berth explain` does,
// and recounted from the objects.

import assert from "node:assert/strict";
import { test } from "node:test";
import { runExplain } from "#cli/explain/explain-command.ts";
import { decodePod } from "#kube/decode-pod.ts";
import type { ExplainReply } from "#scheduler-extender/policy/explain-reply.ts";
import { REJECTIONS } from "#model/verdict.ts";
import { copiesOf, plainFreeAfter, plainMeshCost } from "#test/oracle/plain-fit.ts";
import { APP_NAMESPACE, deployment } from "./install-cases.ts";
import { POOL, recount } from "./placement-cases.ts";
import { eventsOf } from "./pod-events.ts";
import type { TestCluster } from "./test-cluster.ts";

export function explainCases(cluster: () => TestCluster): void {
  test("a bound pod is explained by the choice that kube-scheduler followed", async () => {
    await cluster().apply(deployment("told", { replicas: 1 }));
    await cluster().until(
      async () => (await podOf(cluster(), "told"))?.nodeName !== undefined,
      "the pod to be bound",
    );
    const pod = await podOf(cluster(), "told");
    const { state, node, last } = await explained(cluster(), pod?.name ?? "");
    assert.deepEqual([state, node, last?.winner?.node], ["bound", pod?.nodeName, pod?.nodeName]);
    assert.equal(last?.winner?.reason, "opensInstance");
    assert.equal(last.winner.candidates.length, 10);
    // What kube-scheduler says itself of the pod.
    const scheduled = await toldOf(cluster(), pod?.name ?? "", "Scheduled");
    assert.ok(scheduled[0]?.endsWith(` to ${last.winner.node}`), scheduled[0]);
  });

  test("a pod that only B keeps out gets an Event, and what its nodes miss is what a recount says", async (t) => {
    await cluster().apply(heavyProfile("vast"));
    await cluster().apply(deployment("vast", { replicas: 1, cpu: "6", memory: "1Gi", pool: POOL }));
    const events = async (): Promise<readonly { readonly message: string }[]> => {
      const path = `/api/v1/namespaces/${APP_NAMESPACE}/events`;
      const fieldSelector = "reason=MeshShareDoesNotFit";
      const { items } = (await cluster().connection.get(path, { fieldSelector })) as {
        readonly items: readonly {
          readonly message: string;
          readonly involvedObject: { readonly name: string };
        }[];
      };
      return items.filter(({ involvedObject }) => involvedObject.name.startsWith("vast-"));
    };
    await cluster().until(async () => (await events()).length > 0, "the Event");
    t.diagnostic((await events())[0]?.message ?? "");
    const pod = await podOf(cluster(), "vast");
    assert.ok(pod !== undefined);
    const { state, now } = await explained(cluster(), pod.name);
    const { plain } = await recount(cluster());
    const [group, ...others] = now?.explanation.groups ?? [];
    assert.deepEqual([state, now?.nodesOf, others], ["waiting", "kubeScheduler", []]);
    assert.deepEqual([group?.verdict, group?.nodes, group?.closest.length], ["meshShareDoesNotFit", 3, 3]);
    const failed = await toldOf(cluster(), pod.name, "FailedScheduling");
    t.diagnostic(`kube-scheduler: ${failed[0] ?? ""}`);
    const { message } = REJECTIONS.meshShareDoesNotFit;
    assert.ok(
      failed[0]?.includes(`: ${group?.nodes} ${message}`) ||
        failed[0]?.includes(`, ${group?.nodes} ${message}`),
    );
    for (const { node, meshCost, free, left, missing } of group?.closest ?? []) {
      assert.deepEqual(free, plainFreeAfter(plain, node, []));
      assert.deepEqual(left, plainFreeAfter(plain, node, copiesOf(pod, 1)));
      assert.deepEqual(meshCost, plainMeshCost(plain, node, copiesOf(pod, 1)));
      assert.equal(missing.cpuMilli, -left.cpuMilli);
    }
    let text = "";
    await explain(cluster(), [pod.name], (part) => (text += part));
    t.diagnostic(text.replaceAll("\n", "\n# "));
    assert.match(text, /meshShareDoesNotFit: node-\d misses \d+m CPU/);
    assert.equal((await events()).length, 1, "told once");
    await cluster().kubectl("-n", APP_NAMESPACE, "delete", "deployment", "vast", "told");
  });
}

/** Its instance alone takes two CPUs: whatever size proxies have come to by now, they have no room for that in them. */
export function heavyProfile(app: string): object {
  return {
    apiVersion: "berth.dev/v1alpha1",
    kind: "MeshProfile",
    metadata: { name: app, namespace: APP_NAMESPACE },
    spec: { cost: { base: { cpu: "2", memory: "100Mi" } } },
  };
}

/** kube-scheduler's Events about a pod, which come after what they tell of. */
async function toldOf(cluster: TestCluster, name: string, reason: string): Promise<readonly string[]> {
  let said: readonly string[] = [];
  await cluster.until(async () => {
    said = await eventsOf(cluster, { namespace: APP_NAMESPACE, name }, reason);
    return said.length > 0;
  }, `an Event ${reason}`);
  return said;
}

async function podOf(cluster: TestCluster, app: string) {
  const pods = await cluster.pods(APP_NAMESPACE, { labelSelector: `berth.dev/app=${app}` });
  return pods.map(decodePod)[0];
}

async function explain(
  { kubeconfig }: TestCluster,
  [name, ...flags]: readonly string[],
  out: (text: string) => void,
): Promise<void> {
  await runExplain([`${APP_NAMESPACE}/${name}`, `--kubeconfig=${kubeconfig}`, ...flags], out);
}

async function explained(cluster: TestCluster, name: string): Promise<ExplainReply> {
  let text = "";
  await explain(cluster, [name, "--output=json"], (part) => (text += part));
  return JSON.parse(text) as ExplainReply;
}
