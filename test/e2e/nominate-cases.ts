// Nominate mode on the real control plane: the webhook's gate, nominations that the real kube-scheduler follows, the
// deadline, a change of leader with pods at their gates, and the way out when no controller is there.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { test } from "node:test";
import { runUngate } from "#cli/ungate/ungate-command.ts";
import { PODS, resourcePath } from "#kube/resource-path.ts";
import { NOMINATION_ANNOTATION, PLACEMENT_GATE } from "#model/placing-view.ts";
import { extenderRolledOut, leaderOf, replicasOf } from "./extender-replicas.ts";
import { boundAndInjected, injected } from "./injected-pods.ts";
import {
  changedBy,
  APP_NAMESPACE,
  deployment,
  proxyMemoryBytes,
  TEMPLATE_MEMORY_BYTES,
} from "./install-cases.ts";
import { POOL } from "./placement-cases.ts";
import { SYSTEM_NAMESPACE } from "./pod-runner.ts";
import { toolBinaries } from "./tool-binaries.ts";
import type { TestCluster } from "./test-cluster.ts";

const OVERLAY = fileURLToPath(new URL("../../manifests/overlays/nominate", import.meta.url));
const README = new URL("../../manifests/README.md", import.meta.url);
const EXTENDER = "berth-scheduler-extender";
const PODS_PER_APP = 30;
const OPERATIONS_PORT = 9090;

export function nominateCases(cluster: () => TestCluster): void {
  test("the overlay switches a running installation to nominate mode", async () => {
    const output = await cluster().kubectl("apply", "-k", OVERLAY);
    assert.deepEqual([...changedBy(output)].sort(), [
      `clusterrole.rbac.authorization.k8s.io/${EXTENDER}-placement created`,
      `clusterrolebinding.rbac.authorization.k8s.io/${EXTENDER}-placement created`,
      `deployment.apps/${EXTENDER} configured`,
    ]);
    await extenderRolledOut(cluster());
  });

  test("pods are held back, nominated, and bound by kube-scheduler where they were nominated, asked for one node each", async (t) => {
    const startedMs = performance.now();
    const asked = cluster().recorder.exchanges().length;
    for (const app of ["sent-a", "sent-b"])
      await cluster().apply(deployment(app, { replicas: PODS_PER_APP }));
    const letThrough = await boundAndInjected(cluster(), {
      namespace: APP_NAMESPACE,
      labelSelector: "berth.dev/app in (sent-a,sent-b)",
      count: 2 * PODS_PER_APP,
    });
    if (letThrough > 0) t.diagnostic(`${letThrough} pods made anew that the webhook was too slow for`);
    t.diagnostic(
      `${2 * PODS_PER_APP} pods bound after ${((performance.now() - startedMs) / 1000).toFixed(1)} s`,
    );
    const pods = await podsOf(cluster(), "sent-a", "sent-b");
    const astray = pods.filter(
      ({ metadata, spec }) => metadata.annotations?.[NOMINATION_ANNOTATION] !== spec.nodeName,
    );
    assert.deepEqual(astray, []);
    const instances = new Set(
      pods.map(({ metadata, spec }) => `${metadata.labels?.["berth.dev/app"]} ${spec.nodeName}`),
    );
    t.diagnostic(`reuse ${(pods.length / instances.size).toFixed(1)}`);
    const names = new Set(pods.map(({ metadata }) => metadata.name));
    const filters = cluster()
      .recorder.exchanges()
      .slice(asked)
      .filter(({ verb, request }) => verb === "filter" && names.has(podOf(request)));
    const oneNode = filters.filter(({ request }) => (request as FilterArgs).NodeNames.length === 1);
    t.diagnostic(`${filters.length} filter calls, ${oneNode.length} for one node`);
    assert.equal(oneNode.length, filters.length);
    const metrics = await metricsOf(cluster());
    for (const [name, count] of [
      ["berth_placement_gates_set_total", 2 * PODS_PER_APP],
      ['berth_placement_nominations_total{kind="first"}', 2 * PODS_PER_APP],
      ['berth_placement_gates_lifted_total{reason="placed"}', 2 * PODS_PER_APP],
      ["berth_placement_gated_pods", 0],
    ] as const) {
      assert.equal(metrics.get(name), count, name);
    }
    const delayed = metrics.get("berth_placement_nomination_delay_seconds_sum") ?? 0;
    t.diagnostic(`creation to nomination: ${(delayed / (2 * PODS_PER_APP)).toFixed(2)} s on average`);
  });

  test("the recommender grew the proxies of the nominated nodes", async () => {
    const [pod] = await podsOf(cluster(), "sent-a");
    const node = pod?.spec.nodeName ?? "";
    await cluster().until(
      async () => (await proxyMemoryBytes(cluster(), node)) > TEMPLATE_MEMORY_BYTES,
      "the proxy to have grown",
    );
  });

  test("a pod that Berth cannot judge is not held back, nor is one outside the mesh", async () => {
    const spread = { maxSkew: 1, topologyKey: "kubernetes.io/hostname", whenUnsatisfiable: "DoNotSchedule" };
    const labelSelector = { matchLabels: { "berth.dev/app": "spread" } };
    const judged = deployment("spread", { replicas: 2 }) as DeploymentObject;
    judged.spec.template.spec["topologySpreadConstraints"] = [{ ...spread, labelSelector }];
    await cluster().apply(judged);
    await cluster().apply(deployment("outside", { replicas: 1, labels: { "berth.dev/mesh": "disabled" } }));
    await cluster().until(
      async () => (await bound(cluster(), "spread", "outside")) === 3,
      "the pods to be bound",
    );
    for (const { metadata } of await podsOf(cluster(), "spread", "outside"))
      assert.equal(metadata.annotations?.[NOMINATION_ANNOTATION], undefined);
  });

  test("a pod that fits nowhere is let go at the deadline, with an Event, and kube-scheduler says why it waits", async (t) => {
    const startedMs = performance.now();
    await cluster().apply(deployment("homeless", { replicas: 1, cpu: "7840m", memory: "1Gi", pool: POOL }));
    await injected(cluster(), {
      namespace: APP_NAMESPACE,
      labelSelector: "berth.dev/app=homeless",
      count: 1,
    });
    assert.deepEqual(gatesOf((await podsOf(cluster(), "homeless"))[0]), [PLACEMENT_GATE]);
    await cluster().until(async () => {
      const [pod] = await podsOf(cluster(), "homeless");
      const scheduled = pod?.status?.conditions?.find(({ type }) => type === "PodScheduled");
      return gatesOf(pod).length === 0 && scheduled?.reason === "Unschedulable";
    }, "kube-scheduler's verdict");
    t.diagnostic(`after ${((performance.now() - startedMs) / 1000).toFixed(1)} s`);
    await cluster().until(async () => {
      const { items } = (await cluster().connection.get(`/api/v1/namespaces/${APP_NAMESPACE}/events`, {
        fieldSelector: "reason=PlacementDeadline",
      })) as { items: readonly unknown[] };
      return items.length === 1;
    }, "the Event");
    await cluster().kubectl("-n", APP_NAMESPACE, "delete", "deployment", "homeless");
  });

  test("a change of the extender's process in the middle of a scale-out leaves no pod at its gate", async (t) => {
    const startedMs = performance.now();
    await cluster().apply(deployment("crowd", { replicas: 2 * PODS_PER_APP }));
    await cluster().kubectl("-n", SYSTEM_NAMESPACE, "rollout", "restart", `deployment/${EXTENDER}`);
    await cluster().until(
      async () => (await bound(cluster(), "crowd")) === 2 * PODS_PER_APP,
      "the pods to be bound",
    );
    t.diagnostic(`after ${((performance.now() - startedMs) / 1000).toFixed(1)} s`);
    await extenderRolledOut(cluster());
  });

  test("without any extender, berth ungate and the documented kubectl line let pods go", async () => {
    await cluster().kubectl("-n", SYSTEM_NAMESPACE, "scale", `deployment/${EXTENDER}`, "--replicas=0");
    await cluster().until(async () => (await replicasOf(cluster())).length === 0, "the extender to be gone");
    for (const name of ["stuck-1", "stuck-2"]) await createGated(cluster(), name);
    let said = "";
    await runUngate(
      ["--namespace=default", "--dry-run", `--kubeconfig=${cluster().kubeconfig}`],
      (text) => void (said += text),
    );
    assert.match(said, /^2 pods held back in 1 namespace\n/);
    await documentedUngate(cluster());
    assert.deepEqual(await gatesIn(cluster(), "default"), []);
    for (const name of ["stuck-3", "stuck-4"]) await createGated(cluster(), name);
    said = "";
    await runUngate(["--all", `--kubeconfig=${cluster().kubeconfig}`], (text) => void (said += text));
    assert.match(said, /2 lifted, 0 gone meanwhile, 0 failed/);
    assert.deepEqual(await gatesIn(cluster(), "default"), []);
    await cluster().kubectl("-n", SYSTEM_NAMESPACE, "scale", `deployment/${EXTENDER}`, "--replicas=2");
    await extenderRolledOut(cluster());
  });
}

interface PlacedPod {
  readonly metadata: {
    readonly name: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly spec: {
    readonly nodeName?: string;
    readonly schedulingGates?: readonly { readonly name: string }[];
  };
  readonly status?: {
    readonly conditions?: readonly { readonly type: string; readonly reason?: string }[];
  };
}

interface DeploymentObject {
  readonly spec: { readonly template: { readonly spec: Record<string, unknown> } };
}

interface FilterArgs {
  readonly Pod: { readonly metadata: { readonly name: string } };
  readonly NodeNames: readonly string[];
}

function podOf(request: unknown): string {
  return (request as FilterArgs).Pod.metadata.name;
}

async function podsOf(cluster: TestCluster, ...apps: readonly string[]): Promise<readonly PlacedPod[]> {
  const labelSelector = `berth.dev/app in (${apps.join(",")})`;
  return (await cluster.pods(APP_NAMESPACE, { labelSelector })) as readonly PlacedPod[];
}

async function bound(cluster: TestCluster, ...apps: readonly string[]): Promise<number> {
  return (await podsOf(cluster, ...apps)).filter(({ spec }) => spec.nodeName !== undefined).length;
}

function gatesOf(pod: PlacedPod | undefined): readonly string[] {
  return (pod?.spec.schedulingGates ?? []).map(({ name }) => name);
}

async function gatesIn(cluster: TestCluster, namespace: string): Promise<readonly string[]> {
  return ((await cluster.pods(namespace)) as readonly PlacedPod[]).flatMap(gatesOf);
}

/** What manifests/README.md says to type, typed. */
async function documentedUngate({ kubeconfig }: TestCluster): Promise<void> {
  const [, block] = /or without Berth:\n\n```sh\n(.*?)```/s.exec(readFileSync(README, "utf8")) ?? [];
  assert.ok(block !== undefined);
  const { kubectl } = await toolBinaries(() => undefined);
  const env = { ...process.env, KUBECONFIG: kubeconfig, PATH: `${dirname(kubectl)}:${process.env["PATH"]}` };
  await promisify(execFile)("sh", ["-c", block], { env });
}

async function createGated({ connection }: TestCluster, name: string): Promise<void> {
  await connection.create(resourcePath({ ...PODS, namespace: "default" }), {
    metadata: { name },
    spec: {
      schedulingGates: [{ name: PLACEMENT_GATE }],
      containers: [{ name: "app", image: "example", resources: { requests: { cpu: "10m" } } }],
    },
  });
}

/** The samples of the extender that leads. */
async function metricsOf(cluster: TestCluster): Promise<ReadonlyMap<string, number>> {
  const { metadata } = await leaderOf(cluster);
  const port = cluster.runner.localPort(metadata.uid, OPERATIONS_PORT);
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  const samples = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return new Map(
    samples.map((line) => {
      const space = line.lastIndexOf(" ");
      return [line.slice(0, space), Number(line.slice(space + 1))] as const;
    }),
  );
}
