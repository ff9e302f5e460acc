// The web UI as a Deployment: its component in an operator's own kustomization beside the base, the real program under its
// service account, its page and screens as a browser gets them through its Service, with the real cluster in them; what it
// did held to its rights; and out again.

import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { request } from "undici";
import { NODES, resourcePath } from "#kube/resource-path.ts";
import type { AppScreenView } from "#web/policy/app-view.ts";
import type { ClusterMap } from "#web/policy/cluster-map.ts";
import type { Overview } from "#web/policy/overview.ts";
import type { WhyPodView } from "#web/policy/why-pod.ts";
import type { WhySizeView } from "#web/policy/why-size.ts";
import { auditedRequests, grantedRights, isUse } from "./audit-log.ts";
import { HOST } from "./control-plane.ts";
import { APP_NAMESPACE, changedBy, deployment } from "./install-cases.ts";
import { SYSTEM_NAMESPACE } from "./pod-runner.ts";
import { BASE, type TestCluster } from "./test-cluster.ts";

const ACCOUNT = "berth-ui";
const COMPONENT = fileURLToPath(new URL("../../manifests/components/ui", import.meta.url));
const PORT = 8080;
const APP = "shown";
/** A look at 510 nodes placed anew, on a machine that has other work to do. */
const FORECAST_MS_MAX = 60_000;

export function uiCases(cluster: () => TestCluster): void {
  test("the UI's component beside the base adds the UI alone, which runs under its own service account", async (t) => {
    const startedMs = performance.now();
    await cluster().apply(deployment(APP, { replicas: 1 }));
    const changed = changedBy(await cluster().kubectl("apply", "-k", kustomization(cluster())));
    assert.deepEqual(changed.toSorted(), ADDED.map((name) => `${name} created`).toSorted());
    await cluster().kubectl(
      "-n",
      SYSTEM_NAMESPACE,
      "rollout",
      "status",
      "deployment/berth-ui",
      "--timeout=60s",
    );
    t.diagnostic(`ready after ${((performance.now() - startedMs) / 1000).toFixed(1)} s`);
  });

  test("its page and all that it loads come by its Service through the API server", async (t) => {
    const page = await asked(cluster(), "");
    assert.match(page, /<title>/);
    const paths = [...page.matchAll(/(?:href|src)="([^"]+)"/g)].map(([, path = ""]) => path);
    assert.ok(paths.length > 40, `${paths.length} links`);
    assert.deepEqual(
      paths.filter((path) => path.startsWith("/") || path.includes(":")),
      [],
      "every address is relative",
    );
    const texts = await Promise.all(paths.map((path) => asked(cluster(), path)));
    assert.ok(texts.every((text) => text.length > 0));
    t.diagnostic(`${paths.length} files`);
  });

  test("it answers by its Service's names, and by no other", async () => {
    const url = await localUrl(cluster());
    const statuses = ["berth-ui", "berth-ui.berth-system.svc", "rebound.example"].map((host) =>
      statusFor(url, host),
    );
    assert.deepEqual(await Promise.all(statuses), [200, 200, 421]);
  });

  test("its screens have the cluster's nodes, an app's costs, a pod's reason and a proxy's parts", async (t) => {
    const names = await nodeNames(cluster());
    const map = await screen<ClusterMap>(cluster(), "map");
    assert.deepEqual(Object.keys(map.nodes).toSorted(), names);
    const { totals, parts, staleReasons } = await screen<Overview>(cluster(), "overview");
    assert.equal(totals.nodes, names.length);
    assert.deepEqual([parts.filter(({ trouble }) => trouble !== undefined), staleReasons], [[], []]);
    t.diagnostic(`${names.length} nodes, ${totals.meshPods} mesh pods, ${totals.instances} instances`);

    const app = `${APP_NAMESPACE}/${APP}`;
    const of = await screen<AppScreenView>(cluster(), "app", { app });
    assert.ok(of.kind === "app" && of.app === app && of.pods === 1, of.kind);

    const { found } = await screen<WhyPodView>(cluster(), "why-pod", { find: `${app}-` });
    const [line, ...others] = found;
    assert.deepEqual([line?.app, others], [app, []]);
    const node = line?.node ?? "";
    const { reply } = await screen<WhyPodView>(cluster(), "why-pod", { pod: line?.pod ?? "" });
    assert.deepEqual([reply?.state, reply?.node, reply?.last?.winner?.node], ["bound", node, node]);

    const { reply: sized } = await screen<WhySizeView>(cluster(), "why-size", { node });
    const { explanation: size } = sized?.proxy ?? {};
    assert.equal(size?.apps.find((part) => part.app === app)?.pods, 1);
  });

  test("it reads the cluster anew for a what-if, which it tells while it works", async (t) => {
    const url = `${await localUrl(cluster())}/api/stream/what-if?kind=drain&count=1`;
    const response = await fetch(url, { signal: AbortSignal.timeout(FORECAST_MS_MAX) });
    let told = "";
    for await (const chunk of (response.body ?? new ReadableStream()).pipeThrough(new TextDecoderStream())) {
      told += chunk;
      assert.doesNotMatch(told, /"phase":"failed"/, told.slice(-500));
      if (told.includes('"phase":"done"') && told.includes('"unplaced"')) break;
    }
    const nodes = await nodeNames(cluster());
    assert.ok(told.includes(`"ground":{"nodes":${nodes.length},`), told.slice(-500));
    t.diagnostic(`${told.length} characters`);
  });

  test("it was refused nothing, used every right that it has, and has none but to look", async (t) => {
    const requests = auditedRequests(cluster().controlPlane.files.auditLog).filter(
      ({ account }) => account === ACCOUNT,
    );
    assert.deepEqual(
      requests.filter(({ status }) => status === 401 || status === 403),
      [],
    );
    const rights = (await grantedRights(cluster().connection)).filter(({ account }) => account === ACCOUNT);
    assert.deepEqual(
      rights.filter((right) => !requests.some(isUse(right))),
      [],
    );
    assert.deepEqual(
      rights.filter(({ verb }) => !["get", "list", "watch"].includes(verb)),
      [],
    );
    t.diagnostic(`${rights.length} rights, ${requests.length} requests`);
  });

  test("taken out, it leaves nothing, and the base as it was", async () => {
    await cluster().kubectl("-n", APP_NAMESPACE, "delete", "deployment", APP);
    await cluster().kubectl("delete", KINDS, ...OF_THE_UI, "--timeout=60s");
    const listed = await cluster().kubectl("api-resources", "--verbs=list", "--output=name");
    const kinds = listed.split("\n").filter((name) => name !== "");
    assert.ok(kinds.length > 40);
    // Its pod goes a moment after its Deployment.
    await cluster().until(
      async () =>
        (await cluster().kubectl("get", kinds.join(","), ...OF_THE_UI, "--output=name")).trim() === "",
      "nothing of the UI to be left",
    );
    assert.deepEqual(changedBy(await cluster().kubectl("apply", "-k", BASE)), []);
  });
}

const ADDED = [
  `serviceaccount/${ACCOUNT}`,
  `clusterrole.rbac.authorization.k8s.io/${ACCOUNT}`,
  `clusterrolebinding.rbac.authorization.k8s.io/${ACCOUNT}`,
  `role.rbac.authorization.k8s.io/${ACCOUNT}`,
  `rolebinding.rbac.authorization.k8s.io/${ACCOUNT}`,
  `networkpolicy.networking.k8s.io/${ACCOUNT}`,
  `service/${ACCOUNT}`,
  `deployment.apps/${ACCOUNT}`,
];
const OF_THE_UI = ["--all-namespaces", "--selector=app.kubernetes.io/name=berth-ui"];
const KINDS =
  "deployments,services,networkpolicies,serviceaccounts,roles,rolebindings,clusterroles,clusterrolebindings";

async function nodeNames({ connection }: TestCluster): Promise<readonly string[]> {
  const { items } = (await connection.get(resourcePath(NODES))) as {
    readonly items: readonly { readonly metadata: { readonly name: string } }[];
  };
  return items.map(({ metadata }) => metadata.name).toSorted();
}

/** As an operator writes it: kustomize takes no absolute paths. */
function kustomization({ controlPlane }: TestCluster): string {
  const folder = join(controlPlane.files.folder, "with-ui");
  mkdirSync(folder, { recursive: true });
  const text = [
    "apiVersion: kustomize.config.k8s.io/v1beta1",
    "kind: Kustomization",
    "resources:",
    `  - ${relative(folder, BASE)}`,
    "components:",
    `  - ${relative(folder, COMPONENT)}`,
    "",
  ];
  writeFileSync(join(folder, "kustomization.yaml"), text.join("\n"));
  return folder;
}

async function asked(
  { connection }: TestCluster,
  path: string,
  query: Readonly<Record<string, string>> = {},
): Promise<string> {
  const service = `/api/v1/namespaces/${SYSTEM_NAMESPACE}/services/${ACCOUNT}:http/proxy`;
  return connection.getText(`${service}/${path}`, query);
}

async function screen<T>(
  cluster: TestCluster,
  name: string,
  query: Readonly<Record<string, string>> = {},
): Promise<T> {
  return JSON.parse(await asked(cluster, `api/screens/${name}`, query)) as T;
}

async function localUrl(cluster: TestCluster): Promise<string> {
  const labelSelector = `app.kubernetes.io/name=${ACCOUNT}`;
  const [pod] = (await cluster.pods(SYSTEM_NAMESPACE, { labelSelector })) as readonly {
    readonly metadata: { readonly uid: string };
  }[];
  return `http://${HOST}:${cluster.runner.localPort(pod?.metadata.uid ?? "", PORT)}`;
}

// fetch lets nobody choose the Host header.
async function statusFor(url: string, host: string): Promise<number> {
  const { statusCode, body } = await request(`${url}/livez`, { headers: { host } });
  await body.dump();
  return statusCode;
}
