// kube-scheduler, kube-apiserver and etcd are real; so are the extender and the recommender.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { freePort } from "#cli/start/free-port.ts";
import { decodePod } from "#kube/decode-pod.ts";
import { PODS, resourcePath } from "#kube/resource-path.ts";
import { addResources, isWithin, noResources } from "#model/resources.ts";
import { APP_NAMESPACE, RealCluster, SYSTEM_NAMESPACE } from "./real-cluster.ts";
import { toolBinaries } from "./tool-binaries.ts";

const tools = await toolBinaries((line) => void process.stderr.write(`${line}\n`));
const NODES = 20;
const APPS = ["cart", "web", "pay"];
const PODS_PER_APP = 4;

let cluster: RealCluster;
let extender: string;

before(async () => {
  cluster = await RealCluster.start(tools);
  await cluster.addNodes(NODES, { cpu: "8", memory: "16Gi" });
  const port = await freePort("127.0.0.1");
  extender = await cluster.startComponent("scheduler-extender", ["--port", String(port)]);
  await cluster.startComponent("vpa-recommender", []);
  await cluster.startScheduler(`http://127.0.0.1:${port}`);
});

after(() => cluster.stop());

interface List {
  readonly items: readonly unknown[];
}

async function podsIn(namespace: string) {
  const { items } = (await cluster.connection.get(resourcePath({ ...PODS, namespace }))) as List;
  return items.map(decodePod);
}

test("kube-scheduler places an app's pods on one node, by the extender's word", async () => {
  for (let pod = 0; pod < PODS_PER_APP; pod++) {
    for (const app of APPS) await cluster.createPod(`${app}-${pod}`, app, { cpu: "500m", memory: "1Gi" });
  }
  await cluster.until(
    async () => (await podsIn(APP_NAMESPACE)).every(({ nodeName }) => nodeName !== undefined),
    "every pod to be bound",
  );
  const pods = await podsIn(APP_NAMESPACE);
  assert.equal(pods.length, APPS.length * PODS_PER_APP);
  for (const app of APPS) {
    const nodes = new Set(
      pods.filter((pod) => pod.app === `${APP_NAMESPACE}/${app}`).map(({ nodeName }) => nodeName),
    );
    assert.equal(nodes.size, 1, `${app} is on ${[...nodes].join(", ")}`);
  }
  const metrics = await (await fetch(`${extender}/metrics`)).text();
  assert.match(metrics, /berth_extender_decisions_total\{verb="prioritize",verdict="joinsInstance"\} 9/);
});

test("the recommender grows those nodes' proxies through the real pods/resize, and no other", async () => {
  const busy = new Set((await podsIn(APP_NAMESPACE)).map(({ nodeName }) => nodeName));
  const template = { cpuMilli: 150, memoryBytes: 192 * 1024 ** 2 };
  const grown = async (): Promise<boolean> => {
    const proxies = await podsIn(SYSTEM_NAMESPACE);
    return proxies
      .filter(({ nodeName }) => busy.has(nodeName))
      .every(({ request }) => request.memoryBytes > template.memoryBytes);
  };
  await cluster.until(grown, "the proxies to grow");
  for (const { nodeName, request } of await podsIn(SYSTEM_NAMESPACE)) {
    if (!busy.has(nodeName)) assert.deepEqual(request, template);
  }
});

test("a pod that only the proxy's growth keeps out stays pending, with one constant reason for all nodes", async () => {
  // Beside its proxy's 150m and nothing else a node has room for this pod, but not for the instance it brings.
  await cluster.createPod("huge-0", "huge", { cpu: "7840m", memory: "1Gi" });
  const path = resourcePath({ ...PODS, namespace: APP_NAMESPACE, name: "huge-0" });
  let message = "";
  await cluster.until(async () => {
    const { status } = (await cluster.connection.get(path)) as PendingPod;
    message = status?.conditions?.find(({ type }) => type === "PodScheduled")?.message ?? "";
    return message !== "";
  }, "kube-scheduler's verdict");
  assert.match(message, /insufficient resources for the pod and its share of the node proxy/);
  assert.equal((await podsIn(APP_NAMESPACE)).find(({ name }) => name === "huge-0")?.nodeName, undefined);
});

interface PendingPod {
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly message?: string }[] };
}

test("no node is promised more than it has", async () => {
  const pods = [...(await podsIn(APP_NAMESPACE)), ...(await podsIn(SYSTEM_NAMESPACE))];
  for (const node of new Set(pods.map(({ nodeName }) => nodeName))) {
    if (node === undefined) continue;
    const requested = pods
      .filter(({ nodeName }) => nodeName === node)
      .map(({ request }) => request)
      .reduce(addResources, noResources);
    assert.ok(isWithin(requested, { cpuMilli: 8_000, memoryBytes: 16 * 1024 ** 3 }));
  }
});
