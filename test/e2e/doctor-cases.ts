// `berth doctor` beside an installation: all is well, then one thing after the other is spoilt, named with its mend, and
// mended. Last, since what is spoilt has the components refused.

import assert from "node:assert/strict";
import { test } from "node:test";
import { runDoctor } from "#cli/doctor/doctor-command.ts";
import type { Examination, Examined } from "#cli/doctor/examination.ts";
import { APP_NAMESPACE } from "./install-cases.ts";
import { SYSTEM_NAMESPACE } from "./pod-runner.ts";
import { BASE, type TestCluster } from "./test-cluster.ts";

interface Planted {
  readonly what: string;
  readonly plant: (cluster: TestCluster) => Promise<unknown>;
  readonly check: string;
  readonly said: RegExp;
  readonly mend: RegExp;
  readonly undo: (cluster: TestCluster) => Promise<unknown>;
}

const METRICS = "apiservice/v1beta1.metrics.k8s.io";
const applyBase = (cluster: TestCluster): Promise<string> => cluster.kubectl("apply", "-k", BASE);

export function doctorCases(cluster: () => TestCluster): void {
  let before: readonly Examined[] = [];

  test("the doctor finds no fault in what was installed", async (t) => {
    const { counts, findings } = await examined(cluster());
    t.diagnostic(findings.map(({ check, level, what }) => `${level} ${check}: ${what}`).join("\n# "));
    assert.deepEqual([counts.fault, counts.unknown], [0, 0]);
    before = findings;
  });

  for (const { what, plant, check, said, mend, undo } of faults()) {
    test(`the doctor names ${what}, and how to mend it`, async (t) => {
      await plant(cluster());
      const isIt = (finding: Examined): boolean =>
        finding.level !== "ok" && finding.check === check && said.test(finding.what);
      let found: Examined | undefined;
      await cluster().until(async () => {
        found = (await examined(cluster())).findings.find(isIt);
        return found !== undefined;
      }, `the doctor to name ${what}`);
      t.diagnostic(`${found?.what} → ${found?.mend}`);
      assert.match(found?.mend ?? "", mend);
      await undo(cluster());
      await cluster().until(
        async () => !(await examined(cluster())).findings.some(isIt),
        `the doctor to see that ${what} is mended`,
      );
    });
  }

  test("when all is mended, the doctor says what it said before", async () => {
    const checks = (findings: readonly Examined[]) => findings.map(({ check, level }) => `${level} ${check}`);
    await cluster().until(
      async () => (await examined(cluster())).counts.fault === 0,
      "the doctor to find no fault",
    );
    assert.deepEqual(checks((await examined(cluster())).findings), checks(before));
  });
}

async function examined(cluster: TestCluster): Promise<Examination> {
  let text = "";
  await runDoctor(["--output=json", `--kubeconfig=${cluster.kubeconfig}`], (part) => (text += part));
  return JSON.parse(text) as Examination;
}

function faults(): readonly Planted[] {
  const local = ["-n", SYSTEM_NAMESPACE] as const;
  let metrics = "";
  return [
    {
      what: "a right that was taken away",
      plant: (cluster) =>
        cluster.kubectl(
          ...local,
          "patch",
          "role",
          "berth-vpa-recommender",
          "--type=json",
          '-p=[{"op":"remove","path":"/rules/0"}]',
        ),
      check: "rights",
      said: /berth-vpa-recommender may not patch pods\/resize/,
      mend: /vpa-recommender-rbac.yaml/,
      undo: applyBase,
    },
    {
      what: "a webhook that is gone",
      plant: (cluster) => cluster.kubectl("delete", "mutatingwebhookconfiguration", "berth"),
      check: "webhook",
      said: /there is no MutatingWebhookConfiguration berth/,
      mend: /kubectl apply -k manifests\/base/,
      undo: async (cluster) => {
        await cluster.apply(meshPod("made-without-webhook"));
        await applyBase(cluster);
      },
    },
    {
      what: "a pod that was made meanwhile",
      plant: async () => undefined,
      check: "mesh pods",
      said: /run without the mesh.*shop\/made-without-webhook/,
      mend: /rollout restart/,
      undo: (cluster) => cluster.kubectl("-n", APP_NAMESPACE, "delete", "pod", "made-without-webhook"),
    },
    {
      what: "a webhook that keeps pods from being created",
      plant: (cluster) =>
        cluster.kubectl(
          "patch",
          "mutatingwebhookconfiguration",
          "berth",
          "--type=json",
          '-p=[{"op":"replace","path":"/webhooks/0/failurePolicy","value":"Fail"}]',
        ),
      check: "webhook",
      said: /labelled-pods.mesh.berth.dev has failurePolicy Fail/,
      mend: /set Ignore/,
      undo: applyBase,
    },
    {
      what: "a priority class that is gone",
      plant: (cluster) => cluster.kubectl("delete", "priorityclass", "berth"),
      check: "node proxies",
      said: /the PriorityClass berth does not exist/,
      mend: /priority-class.yaml/,
      undo: applyBase,
    },
    {
      what: "metrics that nobody serves",
      plant: async (cluster) => {
        metrics = await cluster.kubectl("get", METRICS, "-o", "json");
        await cluster.kubectl("delete", METRICS);
      },
      check: "usage",
      said: /there is no metrics.k8s.io|does not answer/,
      mend: /metrics-server/,
      undo: async (cluster) => {
        const { apiVersion, kind, metadata, spec } = JSON.parse(metrics) as {
          readonly apiVersion: string;
          readonly kind: string;
          readonly metadata: { readonly name: string };
          readonly spec: object;
        };
        await cluster.apply({ apiVersion, kind, metadata: { name: metadata.name }, spec });
      },
    },
    {
      what: "a proxy's DaemonSet that restarts what is resized",
      plant: (cluster) => cluster.apply(restartingProxies()),
      check: "node proxies",
      said: /own-proxy restarts its container when memory is resized/,
      mend: /NotRequired/,
      undo: (cluster) => cluster.kubectl(...local, "delete", "daemonset", "own-proxy"),
    },
    {
      what: "a kube-scheduler that knows no extender",
      plant: (cluster) => cluster.apply(schedulerPod()),
      check: "kube-scheduler",
      said: /kube-scheduler-plain runs without --config/,
      mend: /wire-the-scheduler/,
      undo: (cluster) =>
        cluster.kubectl(
          "-n",
          "kube-system",
          "delete",
          "pod",
          "kube-scheduler-plain",
          "--force",
          "--grace-period=0",
        ),
    },
    {
      what: "a recommender that does not run",
      plant: (cluster) =>
        cluster.kubectl(...local, "scale", "deployment/berth-vpa-recommender", "--replicas=0"),
      check: "leaders",
      said: /no berth-vpa-recommender leads|no longer leads/,
      mend: /get pods/,
      undo: (cluster) =>
        cluster.kubectl(...local, "scale", "deployment/berth-vpa-recommender", "--replicas=1"),
    },
    {
      what: "an extender that does not run",
      plant: (cluster) =>
        cluster.kubectl(...local, "scale", "deployment/berth-scheduler-extender", "--replicas=0"),
      check: "extender's Service",
      said: /has no endpoint/,
      mend: /leader-of/,
      undo: (cluster) =>
        cluster.kubectl(...local, "scale", "deployment/berth-scheduler-extender", "--replicas=2"),
    },
  ];
}

function meshPod(name: string): object {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name,
      namespace: APP_NAMESPACE,
      labels: { "berth.dev/mesh": "enabled", "berth.dev/app": name },
    },
    spec: { containers: [{ name: "app", image: "example" }] },
  };
}

/** On no node, so that nothing of it runs. */
function restartingProxies(): object {
  const labels = { "berth.dev/node-proxy": "own", app: "own-proxy" };
  return {
    apiVersion: "apps/v1",
    kind: "DaemonSet",
    metadata: { name: "own-proxy", namespace: SYSTEM_NAMESPACE },
    spec: {
      selector: { matchLabels: { app: "own-proxy" } },
      template: {
        metadata: { labels, annotations: { "berth.dev/proxy-base": '{"cpu":"100m","memory":"128Mi"}' } },
        spec: {
          nodeSelector: { nowhere: "at-all" },
          priorityClassName: "berth",
          containers: [
            {
              name: "proxy",
              image: "example",
              resizePolicy: [{ resourceName: "memory", restartPolicy: "RestartContainer" }],
            },
          ],
        },
      },
    },
  };
}

function schedulerPod(): object {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name: "kube-scheduler-plain",
      namespace: "kube-system",
      labels: { component: "kube-scheduler" },
    },
    spec: {
      nodeSelector: { nowhere: "at-all" },
      containers: [
        { name: "kube-scheduler", image: "example", command: ["kube-scheduler", "--leader-elect=true"] },
      ],
    },
  };
}
