// Hundreds of nodes: a proxy on each, apps' pods brought together by kube-scheduler on the extender's word, and the
// proxies grown for them.

import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeNode } from "#kube/decode-node.ts";
import { decodePod } from "#kube/decode-pod.ts";
import { decodeMeshProfile } from "#kube/mesh-profile-schema.ts";
import { MESH_PROFILES, NODES, PODS, resourcePath } from "#kube/resource-path.ts";
import { PROXY_LABEL } from "#model/app.ts";
import type { NodeName } from "#model/brand.ts";
import { PlainCluster } from "#test/oracle/plain-cluster.ts";
import { boundAndInjected } from "./injected-pods.ts";
import { APP_NAMESPACE, deployment, TEMPLATE_MEMORY_BYTES } from "./install-cases.ts";
import { SYSTEM_NAMESPACE } from "./pod-runner.ts";
import { LOCAL_NODE, type TestCluster } from "./test-cluster.ts";

const MORE_NODES = 500;
const APPS = Array.from({ length: 12 }, (_, index) => `app-${index}`);
const PODS_PER_APP = 25;
const APP_PODS = `berth.dev/app in (${APPS.join(",")})`;
/** Nodes that only pods of this file's and preemption-cases.ts's choosing may use: three are enough to see everything. */
export const POOL = ["berth.dev/e2e-pool", "small"] as const;
const POOL_NODES = 3;
const WATCH_MS_MAX = 120_000;
/** The proxy's, in its pod. */
const CONTROL_PORT = 9092;

export function placementCases(cluster: () => TestCluster): void {
  test(`the DaemonSet brings a proxy to each of ${MORE_NODES} more nodes`, async (t) => {
    const startedMs = performance.now();
    const more = Array.from({ length: MORE_NODES }, (_, index) => ({
      name: `node-${index}`,
      cpu: "8",
      memory: "16Gi",
      ...(index < POOL_NODES ? { pool: POOL } : {}),
    }));
    const readyProxies = async (): Promise<number> => {
      const path = `/apis/apps/v1/namespaces/${SYSTEM_NAMESPACE}/daemonsets/berth-proxy`;
      const { status } = (await cluster().connection.get(path)) as { status: { numberReady: number } };
      return status.numberReady;
    };
    const before = await readyProxies();
    await cluster().addNodes(more);
    await cluster().until(
      async () => (await readyProxies()) === before + MORE_NODES,
      "a ready proxy on every node",
    );
    t.diagnostic(`${((performance.now() - startedMs) / 1000).toFixed(1)} s`);
  });

  test(`${APPS.length} Deployments of ${PODS_PER_APP} pods each come together on few nodes`, async (t) => {
    const startedMs = performance.now();
    for (const app of APPS) await cluster().apply(deployment(app, { replicas: PODS_PER_APP }));
    const letThrough = await boundAndInjected(cluster(), {
      namespace: APP_NAMESPACE,
      labelSelector: APP_PODS,
      count: APPS.length * PODS_PER_APP,
    });
    if (letThrough > 0) t.diagnostic(`${letThrough} pods made anew that the webhook was too slow for`);
    const places = new Set((await boundAppPods(cluster())).map(({ app, nodeName }) => `${app} ${nodeName}`));
    const pods = APPS.length * PODS_PER_APP;
    t.diagnostic(
      `${pods} pods bound after ${((performance.now() - startedMs) / 1000).toFixed(1)} s, reuse ${(pods / places.size).toFixed(1)}`,
    );
    // Two instances per app where one node had no room for all of them.
    assert.ok(places.size <= 2 * APPS.length, `${places.size} instances`);
  });

  test("the real pods/resize accepts what the recommender asks, on the nodes that took pods and on no others", async () => {
    const shortOf = async (): Promise<readonly string[]> => {
      const { plain, busy } = await recount(cluster());
      return [...busy].filter((name) => {
        const account = plain.account(name);
        return account === undefined || (account.counted?.memoryBytes ?? 0) < account.required.memoryBytes;
      });
    };
    await cluster().until(
      async () => (await shortOf()).length === 0,
      "every busy node's proxy to have its size",
    );
    const { plain, busy } = await recount(cluster());
    const grownIdle = plain.nodes.filter(
      ({ name }) => !busy.has(name) && plain.account(name)?.counted?.memoryBytes !== TEMPLATE_MEMORY_BYTES,
    );
    assert.deepEqual(grownIdle, []);
  });

  test("an independent recount finds no node with less than A + B for its pods", async () => {
    const { plain } = await recount(cluster());
    assert.ok(plain.nodes.length > MORE_NODES);
    assertNoOvercommit(plain);
  });

  test("the real webhook call injected every pod with its app's own ports", async () => {
    const { items } = (await cluster().connection.get(resourcePath(MESH_PROFILES))) as {
      items: readonly unknown[];
    };
    const ports = new Map(items.map(decodeMeshProfile).map(({ app, ports }) => [app, ports]));
    const pods = (await cluster().pods(APP_NAMESPACE)) as readonly InjectedPod[];
    for (const pod of pods) {
      const { app, name } = decodePod(pod);
      const env = pod.spec.containers[0]?.env ?? [];
      const outbound = app === undefined ? undefined : ports.get(app)?.outbound;
      assert.ok(outbound !== undefined, `${name} has no ports`);
      const proxy = env.find((variable) => variable.name === "HTTP_PROXY")?.value ?? "";
      assert.ok(proxy.endsWith(`:${outbound}`), `${name}: ${proxy}`);
    }
    const all = [...ports.values()].flatMap((pair) =>
      pair === undefined ? [] : [pair.inbound, pair.outbound],
    );
    assert.equal(new Set(all).size, all.length, "no port is given twice");
  });

  test("the proxy on the local node, a real process, hosts the instance of an app with a pod there", async () => {
    const app = (await appOnLocalNode(cluster())) ?? (await hostedOnLocalNode(cluster()));
    const proxies = (await cluster().pods(SYSTEM_NAMESPACE, { labelSelector: PROXY_LABEL })).map(decodePod);
    const uid = proxies.find(({ nodeName }) => nodeName === LOCAL_NODE)?.uid ?? "";
    await cluster().until(async () => {
      const port = cluster().runner.localPort(uid, CONTROL_PORT);
      const response = await fetch(`http://127.0.0.1:${port}/v1/instances`);
      return (await response.text()).includes(app);
    }, "the instance");
  });

  test("the proxy that takes the place of a deleted one starts at its node's size", async () => {
    const busy = (await boundAppPods(cluster()))[0]?.nodeName;
    const proxies = (await cluster().pods(SYSTEM_NAMESPACE, { labelSelector: PROXY_LABEL })).map(decodePod);
    const before = proxies.find(({ nodeName }) => nodeName === busy);
    assert.ok(busy !== undefined && before !== undefined);
    const required = (await recount(cluster())).plain.account(busy)?.required;
    assert.ok(required !== undefined && required.memoryBytes > TEMPLATE_MEMORY_BYTES);
    const created = await createdAfter(cluster(), busy, () =>
      cluster().kubectl("-n", SYSTEM_NAMESPACE, "delete", "pod", before.name, "--wait=false"),
    );
    // As it was created: the recommender adds headroom to it soon afterwards. Of CPU it may have had to leave the old one
    // what that still held.
    assert.equal(created.request.memoryBytes, required.memoryBytes);
    assert.ok(created.request.cpuMilli <= required.cpuMilli);
    await cluster().until(
      async () => (await readyProxyOn(cluster(), busy)) !== before.uid,
      "the proxy to be ready",
    );
    const preemptions = cluster()
      .recorder.exchanges()
      .filter(({ verb }) => verb === "preempt");
    for (const { reply } of preemptions) assert.deepEqual(reply, { NodeNameToMetaVictims: {} });
  });

  test("a pod that opts out is not injected, and is scheduled all the same", async () => {
    const labels = { "berth.dev/mesh": "disabled" };
    await cluster().apply(deployment("apart", { replicas: 1, labels }));
    const ofApart = async () =>
      (await cluster().pods(APP_NAMESPACE, {
        labelSelector: "berth.dev/app=apart",
      })) as readonly InjectedPod[];
    await cluster().until(
      async () => (await ofApart())[0]?.spec.nodeName !== undefined,
      "the pod to be bound",
    );
    assert.equal((await ofApart())[0]?.spec.containers[0]?.env, undefined);
  });

  test("a pod that only B keeps out stays pending, with one constant reason for all nodes", async () => {
    // Beside a proxy's 130m a node of the pool has room for this pod, but not for the instance it brings.
    await cluster().apply(deployment("huge", { replicas: 1, cpu: "7840m", memory: "1Gi", pool: POOL }));
    let message = "";
    await cluster().until(async () => {
      const [pod] = (await cluster().pods(APP_NAMESPACE, {
        labelSelector: "berth.dev/app=huge",
      })) as readonly InjectedPod[];
      message = pod?.status?.conditions?.find(({ type }) => type === "PodScheduled")?.message ?? "";
      return message !== "";
    }, "kube-scheduler's verdict");
    assert.match(
      message,
      new RegExp(`${POOL_NODES} insufficient resources for the pod and its share of the node proxy`),
    );
    await cluster().kubectl("-n", APP_NAMESPACE, "delete", "deployment", "huge");
  });
}

interface InjectedPod {
  readonly spec: {
    readonly nodeName?: string;
    readonly containers: readonly {
      readonly env?: readonly { readonly name: string; readonly value?: string }[];
    }[];
  };
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly message?: string }[] };
}

/** The first proxy that is created for a node after `act`, in the state in which it was created. */
async function createdAfter(cluster: TestCluster, node: NodeName, act: () => Promise<unknown>) {
  const path = resourcePath({ ...PODS, namespace: SYSTEM_NAMESPACE });
  const { metadata } = (await cluster.connection.get(path, { limit: 1 })) as {
    metadata: { resourceVersion: string };
  };
  const ended = AbortSignal.timeout(WATCH_MS_MAX);
  const query = { labelSelector: PROXY_LABEL, resourceVersion: metadata.resourceVersion };
  const events = cluster.connection.watch(path, query, ended);
  const acting = act();
  for await (const event of events) {
    const { type, object } = event as { type: string; object: { spec: { affinity?: object } } };
    // Its affinity names the node before it is bound.
    if (type !== "ADDED" || !JSON.stringify(object.spec.affinity ?? {}).includes(`"${node}"`)) continue;
    await acting;
    return decodePod(object);
  }
  throw new Error(`no proxy was created for ${node}`);
}

async function readyProxyOn(cluster: TestCluster, node: NodeName): Promise<string | undefined> {
  const proxies = (await cluster.pods(SYSTEM_NAMESPACE, { labelSelector: PROXY_LABEL })).map(decodePod);
  return proxies.find(({ nodeName, proxy }) => nodeName === node && proxy?.isReady === true)?.uid;
}

async function boundAppPods(cluster: TestCluster) {
  return (await cluster.pods(APP_NAMESPACE, { labelSelector: APP_PODS }))
    .map(decodePod)
    .filter(({ nodeName }) => nodeName !== undefined);
}

/** Every node has room for its pods' own requests and for what its proxy has to be. */
async function appOnLocalNode(cluster: TestCluster): Promise<string | undefined> {
  return (await boundAppPods(cluster)).find(({ nodeName }) => nodeName === LOCAL_NODE)?.app;
}

/** For when the Deployments left that node alone; where they filled it, nothing more has to fit. */
async function hostedOnLocalNode(cluster: TestCluster): Promise<string> {
  const nodeSelector = { "kubernetes.io/hostname": LOCAL_NODE };
  await cluster.apply(deployment("hosted", { replicas: 1, nodeSelector }));
  return `${APP_NAMESPACE}/hosted`;
}

export function assertNoOvercommit(plain: PlainCluster): void {
  for (const { name } of plain.nodes) {
    const account = plain.account(name);
    assert.ok(account !== undefined);
    for (const resource of ["cpuMilli", "memoryBytes"] as const) {
      const proxy = Math.max(account.counted?.[resource] ?? 0, account.required[resource]);
      assert.ok(account.requested[resource] + proxy <= account.allocatable[resource], `${name}: ${resource}`);
    }
  }
}

/** Everything added up anew from the objects, by code that shares nothing with the ledger. */
export async function recount(cluster: TestCluster) {
  const list = async (path: string): Promise<readonly unknown[]> =>
    ((await cluster.connection.get(path)) as { items: readonly unknown[] }).items;
  const plain = new PlainCluster();
  plain.nodes = (await list(resourcePath(NODES))).map(decodeNode);
  plain.pods = (await list(resourcePath(PODS))).map(decodePod);
  plain.profiles = (await list(resourcePath(MESH_PROFILES))).map(decodeMeshProfile);
  const busy = new Set(
    plain.pods.flatMap(({ app, nodeName }) =>
      app === undefined || nodeName === undefined ? [] : [nodeName],
    ),
  );
  return { plain, busy };
}
