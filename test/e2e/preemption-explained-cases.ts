// A preempting pod and its victims, explained while the victims still end, and held against what kube-scheduler itself
// says: the node that it nominated, the pods that it deleted, and its Events about them.

import assert from "node:assert/strict";
import { test } from "node:test";
import { runExplain } from "#cli/explain/explain-command.ts";
import { decodePod } from "#kube/decode-pod.ts";
import { PODS, resourcePath } from "#kube/resource-path.ts";
import type { PodView } from "#model/cluster-view.ts";
import type { ExplainReply } from "#scheduler-extender/policy/explain-reply.ts";
import { heavyProfile } from "./explain-cases.ts";
import { APP_NAMESPACE, deployment } from "./install-cases.ts";
import { eventsOf } from "./pod-events.ts";
import { POOL } from "./placement-cases.ts";
import type { TestCluster } from "./test-cluster.ts";

const BALLAST = 6;
/** Keeps a deleted pod there until it is taken off, so that its preemptor waits. */
const HOLD = "berth.dev/e2e-hold";

export function preemptionExplainedCases(cluster: () => TestCluster): void {
  let chosen: string | undefined;
  let victims: readonly PodView[] = [];

  test("a preempting pod that waits is explained by the node that kube-scheduler nominated, and the pods that it deleted there", async (t) => {
    await cluster().apply(heavyProfile("pressing"));
    // Two to a node; one of them makes room for A, and the instance's two CPUs take the other as well.
    await cluster().apply(ballast());
    const isFull = async (): Promise<boolean> =>
      (await podsOf(cluster(), "ballast")).filter(({ nodeName }) => nodeName !== undefined).length ===
      BALLAST;
    await cluster().until(isFull, "the pool to be full");
    await cluster().apply(
      deployment("pressing", {
        replicas: 1,
        cpu: "3800m",
        memory: "1Gi",
        pool: POOL,
        priorityClassName: "high",
      }),
    );
    await cluster().until(async () => {
      chosen = (await podsOf(cluster(), "pressing"))[0]?.nominatedNode;
      return chosen !== undefined;
    }, "kube-scheduler to nominate a node");
    const [pod] = await podsOf(cluster(), "pressing");
    // kube-scheduler nominates first, and deletes one victim after the other.
    await cluster().until(async () => {
      victims = (await podsOf(cluster(), "ballast")).filter(
        ({ isTerminating, nodeName }) => isTerminating === true && nodeName === chosen,
      );
      return victims.length === 2;
    }, "kube-scheduler to delete both victims");
    const { text, reply } = await explained(cluster(), pod?.name ?? "");
    t.diagnostic(text.replaceAll("\n", "\n# "));
    assert.equal(pod?.nodeName, undefined, "it waits");
    assert.equal(reply.preemption?.chosen, chosen);
    // The one node that counts now, and that it waits for.
    const [group, ...others] = reply.now?.explanation.groups ?? [];
    assert.deepEqual(
      [reply.now?.nodesOf, group?.verdict, group?.nodes, others],
      ["nominated", "awaitsVictims", 1, []],
    );
    assert.equal(reply.preemption?.nodes.length, 3);
    const on = reply.preemption?.nodes.find(({ node }) => node === chosen);
    assert.equal(on?.answer, "notEnough");
    assert.deepEqual([...(on?.victims ?? [])].sort(), victims.map(fullName).sort());
    assert.equal(on?.added.length, 1);
    assert.match(text, new RegExp(`kube-scheduler chose ${chosen}`));
  });

  test("each victim is explained by whom it gave way to, as kube-scheduler's own Event says", async (t) => {
    const [pod] = await podsOf(cluster(), "pressing");
    assert.equal(victims.length, 2);
    const added: boolean[] = [];
    for (const victim of victims) {
      const { text, reply } = await explained(cluster(), victim.name);
      t.diagnostic(text.replaceAll("\n", "\n# "));
      assert.deepEqual([reply.preemptedBy?.pod, reply.preemptedBy?.node], [fullName(pod), chosen]);
      added.push(reply.preemptedBy?.isAdded ?? false);
      let said: readonly string[] = [];
      await cluster().until(async () => {
        said = await eventsOf(cluster(), victim, "Preempted");
        return said.length > 0;
      }, "kube-scheduler's Event");
      t.diagnostic(`kube-scheduler: ${said[0] ?? ""}`);
      assert.match(said[0] ?? "", new RegExp(`${pod?.uid}.* on node ${chosen}`));
    }
    assert.deepEqual(added.sort(), [false, true]);
    // Their replacements wait, and those of the other nodes stay.
    const spared = (await podsOf(cluster(), "ballast")).find(
      ({ isTerminating, nodeName }) => isTerminating !== true && nodeName !== undefined,
    );
    assert.ok(spared !== undefined && spared.nodeName !== chosen);
    assert.equal((await explained(cluster(), spared.name)).reply.preemptedBy, undefined);
  });

  test("when its victims have gone it is placed there, and both are explained as before", async (t) => {
    await release(cluster(), victims);
    await cluster().until(
      async () => (await podsOf(cluster(), "pressing"))[0]?.nodeName !== undefined,
      "the pod to be bound",
    );
    const [pod] = await podsOf(cluster(), "pressing");
    const { text, reply } = await explained(cluster(), pod?.name ?? "");
    t.diagnostic(text.replaceAll("\n", "\n# "));
    assert.deepEqual([reply.state, reply.node, reply.preemption?.chosen], ["bound", chosen, chosen]);
    assert.deepEqual([pod?.nodeName, reply.last?.winner?.node], [chosen, chosen]);
    const [victim] = victims;
    const gone = await explained(cluster(), victim?.name ?? "");
    assert.deepEqual([gone.reply.state, gone.reply.preemptedBy?.node], ["unknown", chosen]);
    await cluster().kubectl("-n", APP_NAMESPACE, "delete", "deployment", "ballast", "pressing");
    await cluster().until(async () => {
      const left = await podsOf(cluster(), "ballast");
      await release(
        cluster(),
        left.filter(({ isTerminating }) => isTerminating === true),
      );
      return left.length === 0;
    }, "the pool to be empty");
  });
}

function ballast(): object {
  const plain = deployment("ballast", {
    replicas: BALLAST,
    cpu: "3600m",
    memory: "1Gi",
    pool: POOL,
    priorityClassName: "low",
    labels: { "berth.dev/mesh": "disabled" },
  }) as { readonly spec: { readonly template: { readonly metadata: object } } };
  const { template } = plain.spec;
  const metadata = { ...template.metadata, finalizers: [HOLD] };
  return { ...plain, spec: { ...plain.spec, template: { ...template, metadata } } };
}

async function release({ connection }: TestCluster, pods: readonly PodView[]): Promise<void> {
  const free = { metadata: { finalizers: null } };
  for (const { namespace, name } of pods)
    await connection.patch(resourcePath({ ...PODS, namespace, name }), free, { type: "merge" });
}

async function podsOf(cluster: TestCluster, app: string): Promise<readonly PodView[]> {
  return (await cluster.pods(APP_NAMESPACE, { labelSelector: `berth.dev/app=${app}` })).map(decodePod);
}

function fullName(pod: PodView | undefined): string {
  return `${pod?.namespace}/${pod?.name}`;
}

async function explained(
  { kubeconfig }: TestCluster,
  name: string,
): Promise<{ readonly text: string; readonly reply: ExplainReply }> {
  const [text, json] = await Promise.all(
    ["table", "json"].map(async (output) => {
      let out = "";
      const argv = ["pod", name, "-n", APP_NAMESPACE, "-o", output, `--kubeconfig=${kubeconfig}`];
      await runExplain(argv, (part) => (out += part));
      return out;
    }),
  );
  return { text: text ?? "", reply: JSON.parse(json ?? "") as ExplainReply };
}
