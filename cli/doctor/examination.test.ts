// A cluster in which all is well, as the API tells it, and what is said when one thing in it is not.

import assert from "node:assert/strict";
import { test } from "node:test";
import { KubeApiError } from "#kube/api-error.ts";
import { makeAuthority } from "#scheduler-extender/shell/certificate-making.ts";
import { examinationText } from "./examination-text.ts";
import { examine, type Examined } from "./examination.ts";
import {
  aReadyPod,
  type FakeCluster,
  healthyCluster,
  LISTS,
  NOW_MS,
  PATHS,
  webhookConfiguration,
} from "./testing/fake-cluster.ts";

const DAY_MS = 86_400_000;
const authority = await makeAuthority(NOW_MS - DAY_MS);
const ended = await makeAuthority(NOW_MS - 30 * DAY_MS, { lifeMs: DAY_MS });
const endsSoon = await makeAuthority(NOW_MS - DAY_MS, { lifeMs: 8 * DAY_MS });

async function wrongIn(change: (cluster: FakeCluster) => void): Promise<readonly Examined[]> {
  const cluster = healthyCluster(authority.certificate);
  change(cluster);
  const { findings } = await examine(cluster);
  return findings.filter(({ level }) => level !== "ok");
}

test("where all is well, every check says so", async () => {
  const { counts, findings } = await examine(healthyCluster(authority.certificate));
  assert.deepEqual({ ...counts, ok: 0 }, { fault: 0, warning: 0, unknown: 0, ok: 0 });
  assert.ok(new Set(findings.map(({ check }) => check)).size === 11, `${findings.length} findings`);
});

const faults: readonly [
  string,
  (cluster: FakeCluster) => void,
  level: string,
  check: string,
  RegExp,
  RegExp,
][] = [
  [
    "an API server without resize in place",
    ({ objects }) => objects.set("/api/v1", { resources: [{ name: "pods" }] }),
    "fault",
    "Kubernetes",
    /no pods\/resize/,
    /template-sizing/,
  ],
  [
    "a definition that is not installed",
    ({ objects }) => objects.delete(PATHS.profileDefinition),
    "fault",
    "custom resources",
    /meshprofiles.berth.dev is not installed/,
    /manifests\/crds/,
  ],
  [
    "a right that was taken away",
    (cluster) => (cluster.refusedRight = "berth-vpa-recommender patch pods/resize"),
    "fault",
    "rights",
    /berth-vpa-recommender may not patch pods\/resize/,
    /vpa-recommender-rbac.yaml/,
  ],
  [
    "a Lease that nobody renews",
    ({ objects }) =>
      objects.set(PATHS.extenderLease, {
        metadata: { name: "lease" },
        spec: {
          holderIdentity: "one",
          leaseDurationSeconds: 15,
          renewTime: new Date(NOW_MS - 90_000).toISOString(),
        },
      }),
    "fault",
    "leaders",
    /berth-scheduler-extender: one renewed its Lease 90 s ago/,
    /get pods/,
  ],
  [
    "a recommender that never led",
    ({ objects }) => objects.delete(PATHS.recommenderLease),
    "fault",
    "leaders",
    /no berth-vpa-recommender leads: proxies keep/,
    /get pods/,
  ],
  [
    "a Service without an endpoint",
    ({ lists }) => lists.set(LISTS.extenderSlices, []),
    "fault",
    "extender's Service",
    /has no endpoint/,
    /leader-of/,
  ],
  [
    "no webhook",
    ({ objects }) => objects.delete(PATHS.webhook),
    "fault",
    "webhook",
    /no MutatingWebhookConfiguration/,
    /kubectl apply/,
  ],
  [
    "a webhook whose authority ended",
    ({ objects }) => objects.set(PATHS.webhook, webhookConfiguration(ended.certificate)),
    "fault",
    "webhook",
    /caBundle ended on/,
    /cainjector/,
  ],
  [
    "a webhook whose authority ends soon",
    ({ objects }) => objects.set(PATHS.webhook, webhookConfiguration(endsSoon.certificate)),
    "warning",
    "webhook",
    /its caBundle ends on 2026-11-30/,
    /cainjector/,
  ],
  [
    "a webhook whose authority is missing",
    ({ objects }) => objects.set(PATHS.webhook, webhookConfiguration("")),
    "fault",
    "webhook",
    /caBundle holds no certificate/,
    /cainjector/,
  ],
  [
    "a webhook that nobody answers",
    (cluster) => (cluster.isInjecting = false),
    "fault",
    "webhook",
    /is not injected/,
    /failed calling webhook/,
  ],
  [
    "a webhook that keeps pods from being created",
    ({ objects }) => objects.set(PATHS.webhook, webhookConfiguration(authority.certificate, "Fail")),
    "warning",
    "webhook",
    /failurePolicy Fail/,
    /Ignore/,
  ],
  [
    "a kube-scheduler without a configuration",
    ({ lists }) =>
      lists.set(LISTS.schedulers, [
        { metadata: { name: "kube-scheduler-cp" }, spec: { containers: [{ command: ["kube-scheduler"] }] } },
      ]),
    "fault",
    "kube-scheduler",
    /kube-scheduler-cp runs without --config/,
    /wire-the-scheduler/,
  ],
  [
    "a second kube-scheduler that is not ready",
    ({ lists }) => lists.set(LISTS.secondSchedulers, [{ metadata: { name: "berth-kube-scheduler-1" } }]),
    "fault",
    "kube-scheduler",
    /none of the 1 pods of berth-kube-scheduler is ready/,
    /minor version/,
  ],
  [
    "an extender beside kube-scheduler that is not ready",
    ({ lists }) =>
      lists.set(LISTS.besideExtenders, [aReadyPod("verbs-a"), { metadata: { name: "verbs-b" } }]),
    "fault",
    "kube-scheduler",
    /1 of the 2 extenders beside kube-scheduler are not ready/,
    /kubeconfig/,
  ],
  [
    "a webhook from which injection was taken out",
    ({ objects }) => {
      const { webhooks } = webhookConfiguration(authority.certificate) as { readonly webhooks: object[] };
      objects.set(PATHS.webhook, { webhooks: webhooks.slice(2) });
    },
    "warning",
    "webhook",
    /injects nothing: labelled-pods.mesh.berth.dev and labelled-namespaces.mesh.berth.dev were taken out/,
    /bring-your-own-proxy/,
  ],
  [
    "a kube-scheduler that never asks",
    (cluster) => (cluster.metrics = 'berth_extender_bindings_total{guess="none"} 7\n'),
    "fault",
    "kube-scheduler",
    /of 7 mesh pods that were bound, the extender was not asked about 7/,
    /wire-the-scheduler/,
  ],
  [
    "a kube-scheduler that stopped asking",
    (cluster) =>
      (cluster.metrics =
        'berth_extender_bindings_total{guess="right"} 6\nberth_extender_bindings_total{guess="none"} 7\n'),
    "fault",
    "kube-scheduler",
    /of 13 mesh pods that were bound, the extender was not asked about 7/,
    /wire-the-scheduler/,
  ],
  [
    "a kube-scheduler that samples",
    (cluster) =>
      (cluster.metrics =
        'berth_extender_colocation_total{outcome="hit"} 10\nberth_extender_colocation_total{outcome="notOffered"} 6\n'),
    "warning",
    "kube-scheduler",
    /6 of 16 pods/,
    /percentageOfNodesToScore/,
  ],
  [
    "a DaemonSet that restarts what is resized",
    ({ daemonSet }) =>
      (daemonSet.spec.template.spec.containers[0].resizePolicy = [
        { resourceName: "memory", restartPolicy: "RestartContainer" },
      ]),
    "fault",
    "node proxies",
    /restarts its container when memory is resized/,
    /NotRequired/,
  ],
  [
    "a priority class that is gone",
    ({ objects }) => objects.delete(PATHS.priorityClass),
    "fault",
    "node proxies",
    /PriorityClass berth does not exist/,
    /priority-class.yaml/,
  ],
  [
    "nodes that the DaemonSet does not reach",
    ({ lists }) =>
      lists.set(
        LISTS.nodes,
        ["a", "b", "c", "d", "e", "f"].map((name) => ({ metadata: { name } })),
      ),
    "warning",
    "node proxies",
    /4 of 6 nodes have no proxy and take no mesh pods: c, d, e and 1 more/,
    /tolerations/,
  ],
  [
    "a proxy that waits for room",
    ({ proxies }) =>
      (proxies[0].status = {
        conditions: [
          { type: "Ready", status: "True" },
          { type: "PodResizePending", status: "True", reason: "Infeasible" },
        ],
      }),
    "warning",
    "node proxies",
    /1 of 2 nodes' proxies wait for room to grow: a \(Infeasible\)/,
    /lower the profiles' costs/,
  ],
  [
    "no metrics",
    ({ objects }) => objects.delete(PATHS.podMetrics),
    "fault",
    "usage",
    /no metrics.k8s.io/,
    /metrics-server/,
  ],
  [
    "a pod that was made while nobody answered",
    ({ lists }) => lists.get(LISTS.meshPods)?.push({ metadata: { name: "late", namespace: "shop" } }),
    "warning",
    "mesh pods",
    /1 of 2 mesh pods run without the mesh.*shop\/late/,
    /rollout restart/,
  ],
  [
    "a pod that nobody lets go",
    ({ lists }) =>
      lists.get(LISTS.meshPods)?.push({
        metadata: {
          name: "held",
          namespace: "shop",
          annotations: { "berth.dev/injected": "true" },
          creationTimestamp: new Date(NOW_MS - 300_000).toISOString(),
        },
        spec: { schedulingGates: [{ name: "berth.dev/placement" }] },
      }),
    "fault",
    "mesh pods",
    /1 pods are held back.*shop\/held/,
    /berth ungate --all/,
  ],
];

test("apps whose clients go past their proxies are named, those that go to databases are not", async () => {
  const wrong = await wrongIn((cluster) => {
    const series = (app: string, destination: string, count: number): string =>
      `berth_proxy_bypassing_connections_total{app="${app}",destination="${destination}"} ${count}\n`;
    cluster.proxyMetrics =
      series("shop/cart", "service", 12) +
      series("shop/cart", "other", 3) +
      series("shop/web", "service", 0) +
      series("shop/web", "other", 40);
  });
  // Each of the two proxies says so.
  assert.deepEqual(
    wrong.map(({ level, check, what }) => [level, check, what]),
    [
      [
        "warning",
        "clients",
        "pods of 1 apps opened connections past their proxies to Services that these reach by node: shop/cart (24, and 6 to others); 2 of 2 proxies asked",
      ],
    ],
  );
  assert.match(wrong[0]?.mend ?? "", /docs\/guides\/clients.md/);
});

test("proxies that count, and saw nobody go past them, are told from those that do not count", async () => {
  const told = async (change: (cluster: FakeCluster) => void): Promise<string | undefined> => {
    const cluster = healthyCluster(authority.certificate);
    change(cluster);
    const { findings } = await examine(cluster);
    return findings.find(({ check }) => check === "clients")?.what;
  };
  assert.match((await told(() => undefined)) ?? "", /are not counted/);
  const counting = ({ daemonSet }: FakeCluster): void =>
    void Object.assign(daemonSet.spec.template.spec.containers[0], { args: ["proxy", "--count-bypassing"] });
  assert.match((await told(counting)) ?? "", /none was seen to go past/);
});

for (const [what, change, level, check, said, mend] of faults) {
  test(`${what} is named with its mend, and nothing else is`, async () => {
    const wrong = await wrongIn(change);
    assert.ok(wrong.length > 0);
    for (const finding of wrong) {
      assert.deepEqual([finding.level, finding.check], [level, check]);
      assert.match(finding.what, said);
      assert.match(finding.mend ?? "", mend);
    }
  });
}

test("the cluster's own kube-scheduler need not know the extender where Berth has one of its own, nor ask the Deployment's where one stands beside it", async () => {
  const notAsking = {
    metadata: { name: "kube-scheduler-cp" },
    spec: { containers: [{ command: ["kube-scheduler"] }] },
  };
  const ofOwn = await wrongIn(({ lists }) => {
    lists.set(LISTS.secondSchedulers, [aReadyPod("berth-kube-scheduler-1")]);
    lists.set(LISTS.schedulers, [notAsking]);
  });
  const beside = await wrongIn((cluster) => {
    cluster.lists.set(LISTS.besideExtenders, [aReadyPod("verbs-a")]);
    cluster.metrics = 'berth_extender_bindings_total{guess="none"} 7\n';
  });
  assert.deepEqual([ofOwn, beside], [[], []]);
});

test("without an app that has its ports the webhook is not tried, and that is said", async () => {
  const wrong = await wrongIn(({ lists }) => lists.set(LISTS.profiles, []));
  assert.deepEqual(
    wrong.map(({ level, check }) => [level, check]),
    [["unknown", "webhook"]],
  );
});

test("what may not be looked at is said, and keeps no other check from its work", async () => {
  const wrong = await wrongIn(({ refused }) =>
    refused.set(
      PATHS.webhook,
      new KubeApiError({ status: 403, reason: "Forbidden", message: "may not get it" }),
    ),
  );
  assert.deepEqual(
    wrong.map(({ level, check, what }) => [level, check, what]),
    [["unknown", "webhook", "could not be looked at: may not get it"]],
  );
});

test("the text has the totals first and each mend below what it mends", async () => {
  const cluster = healthyCluster(authority.certificate);
  cluster.objects.delete(PATHS.webhook);
  const lines = examinationText(await examine(cluster), { hasColour: false }).split("\n");
  assert.match(lines[0] ?? "", /^1 faults, 0 warnings, 0 unknown, \d+ ok$/);
  const at = lines.findIndex((line) => line.startsWith("FAULT"));
  assert.match(lines[at] ?? "", /webhook +there is no Mutating/);
  assert.match(lines[at + 1] ?? "", /^ +→ kubectl apply -k manifests\/base$/);
});
