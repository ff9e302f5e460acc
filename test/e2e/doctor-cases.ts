// `berth doctor` beside an installation: all is well, then one thing after the other is spoilt, named with its mend, and
// mended. Last, since what is spoilt has the components refused.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { request } from "undici";
import { runDoctor } from "#cli/doctor/doctor-command.ts";
import type { Examination, Examined } from "#cli/doctor/examination.ts";
import { plantBypass, takeBypassBack } from "./bypass-counts.ts";
import { HOST } from "./control-plane.ts";
import { extenderRolledOut } from "./extender-replicas.ts";
import { APP_NAMESPACE, deployment } from "./install-cases.ts";
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
    let counts: Examination["counts"] | undefined;
    const isWell = async (): Promise<boolean> => {
      ({ counts, findings: before } = await examined(cluster()));
      return counts.fault + counts.unknown === 0;
    };
    // The cases before leave changes of leaders behind. What is still wrong after the longest wait is named below.
    await cluster()
      .until(isWell, "the doctor to find no fault")
      .catch((error: Error) => t.diagnostic(error.message));
    t.diagnostic(before.map(({ check, level, what }) => `${level} ${check}: ${what}`).join("\n# "));
    assert.deepEqual([counts?.fault, counts?.unknown], [0, 0]);
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

  test("the doctor names an API server that resizes no pods in place, and how to mend it", async (t) => {
    const { url, close } = await withoutResize(cluster());
    try {
      let faults: readonly Examined[] = [];
      const isOne = async (): Promise<boolean> => {
        const { findings } = await examined(cluster(), `--api-server=${url}`);
        faults = findings.filter(({ level }) => level === "fault");
        return faults.length === 1;
      };
      await cluster()
        .until(isOne, "the doctor to find one fault")
        .catch((error: Error) => t.diagnostic(error.message));
      const [found, ...others] = faults;
      t.diagnostic(`${found?.what} → ${found?.mend}`);
      assert.deepEqual([found?.check, others], ["Kubernetes", []]);
      assert.match(found?.what ?? "", /has no pods\/resize/);
      assert.match(found?.mend ?? "", /template-sizing/);
    } finally {
      close();
    }
  });

  test("when all is mended, the doctor says what it said before", async (t) => {
    const checks = (findings: readonly Examined[]) => findings.map(({ check, level }) => `${level} ${check}`);
    let after: readonly Examined[] = [];
    await cluster()
      .until(async () => {
        after = (await examined(cluster())).findings;
        return String(checks(after)) === String(checks(before));
      }, "the doctor to say what it said before")
      .catch((error: Error) => t.diagnostic(error.message));
    assert.deepEqual(checks(after), checks(before));
  });
}

async function examined(
  cluster: TestCluster,
  access = `--kubeconfig=${cluster.kubeconfig}`,
): Promise<Examination> {
  let text = "";
  await runDoctor(["--output=json", access], (part) => (text += part));
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
      what: "an app whose client goes past its proxy",
      plant: plantBypass,
      check: "clients",
      said: /pods of 1 apps opened connections past their proxies.*shop\/first \(7, and 2 to others\)/,
      mend: /docs\/guides\/clients.md/,
      undo: async () => takeBypassBack(),
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
    {
      what: "a kube-scheduler that does not ask the extender",
      plant: async (cluster) => {
        await cluster.unwireScheduler();
        await cluster.apply(deployment("unasked", { replicas: 8 }));
      },
      check: "kube-scheduler",
      said: /the extender was not asked about \d+/,
      mend: /wire-the-scheduler/,
      undo: async (cluster) => {
        await cluster.kubectl("-n", APP_NAMESPACE, "delete", "deployment", "unasked");
        // Mended in one way and spoilt in the next one's, which saves a change of leaders.
        await cluster.wireScheduler({ percentageOfNodesToScore: 1 });
        for (const app of SAMPLED) await cluster.apply(deployment(app, { replicas: 4 }));
      },
    },
    {
      what: "a kube-scheduler that looks at a sample of the nodes",
      plant: async () => undefined,
      check: "kube-scheduler",
      said: /could have joined their app on a node that kube-scheduler did not offer/,
      mend: /percentageOfNodesToScore: 100/,
      undo: async (cluster) => {
        await cluster.kubectl("-n", APP_NAMESPACE, "delete", "deployment", ...SAMPLED);
        await wiredAnew(cluster);
      },
    },
  ];
}

const SAMPLED = ["sampled-1", "sampled-2", "sampled-3", "sampled-4"];

/** As it is shipped, and with an extender that has counted nothing yet. */
async function wiredAnew(cluster: TestCluster): Promise<void> {
  const scale = (replicas: number): Promise<string> =>
    cluster.kubectl(
      "-n",
      SYSTEM_NAMESPACE,
      "scale",
      "deployment/berth-scheduler-extender",
      `--replicas=${replicas}`,
    );
  const running = async (): Promise<number> =>
    (
      await cluster.pods(SYSTEM_NAMESPACE, {
        labelSelector: "app.kubernetes.io/name=berth-scheduler-extender",
      })
    ).length;
  await scale(0);
  await cluster.until(async () => (await running()) === 0, "the extender to be gone");
  await scale(2);
  await extenderRolledOut(cluster);
  await cluster.wireScheduler();
}

/** The real API server as one before 1.33 would look: all it says, but for the subresource. */
async function withoutResize({ controlPlane: { url, token, dispatcher } }: TestCluster) {
  const server = createServer((incoming, response) => {
    const chunks: Buffer[] = [];
    incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
    incoming.on("end", () => void passed());
    const passed = async (): Promise<void> => {
      const { method = "GET", headers } = incoming;
      const { statusCode, body } = await request(`${url}${incoming.url ?? ""}`, {
        method: method as "GET",
        dispatcher,
        headers: {
          authorization: `Bearer ${token}`,
          "content-type": headers["content-type"] ?? "application/json",
        },
        body: chunks.length === 0 ? null : Buffer.concat(chunks),
      });
      const text = await body.text();
      const isCore = incoming.url === "/api/v1";
      response.writeHead(statusCode, { "content-type": "application/json" });
      response.end(isCore ? text.replaceAll("pods/resize", "pods/none") : text);
    };
  });
  await new Promise<void>((resolve) => server.listen(0, HOST, resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://${HOST}:${port}`,
    close(): void {
      server.closeAllConnections();
      server.close();
    },
  };
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
