// Every overlay from an empty cluster and out again, in turn on one control plane: applied server-side with strict
// validation, its components running under their service accounts, a mesh pod placed and its node's proxy grown; then
// uninstalled as docs/guides/uninstall.md says, with nothing of Berth left and every pod running on.

import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { after, afterEach, before, test, type TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { PROXY_LABEL } from "#model/app.ts";
import { decodeSigningRequest, MESH_SIGNER, SIGNING_REQUESTS } from "#kube/certificate-signing-request.ts";
import { decodePod } from "#kube/decode-pod.ts";
import { resourcePath } from "#kube/resource-path.ts";
import { type BesideExtender, decisionsOf, startBesideExtender } from "./beside-extender.ts";
import { CertManager, certManagerBinary } from "./cert-manager.ts";
import { CERTIFICATE_SECRET, renewedUnderLoad } from "./cert-manager-renewals.ts";
import { assertNothingFailed, describeLoad } from "./certificate-load.ts";
import { HOST } from "./control-plane.ts";
import { addKinds, PROMETHEUS_OPERATOR, removeKinds } from "./foreign-kinds.ts";
import { boundAndInjected } from "./injected-pods.ts";
import { TEMPLATE_MEMORY_BYTES } from "./install-cases.ts";
import { berthObjects } from "./leftovers.ts";
import { addOwnProxy, OWN_NAMESPACE } from "./own-proxy.ts";
import { SYSTEM_NAMESPACE } from "./pod-runner.ts";
import { LOCAL_NODE, TestCluster } from "./test-cluster.ts";
import { toolBinaries } from "./tool-binaries.ts";

const progress = (line: string): void => void process.stderr.write(`${line}\n`);
const tools = await toolBinaries(progress);
const certManagerProgram = await certManagerBinary(progress);
const OVERLAYS = fileURLToPath(new URL("../../manifests/overlays", import.meta.url));
const NODES = 2;
const OPERATIONS_PORT = 9090;
const SHOP = "shop";
const OF_MESH_SIGNER = `spec.signerName=${MESH_SIGNER}`;
const RENEWALS = "renewals";

let cluster: TestCluster;
let hasFailed = false;

before(async () => {
  const nodes = Array.from({ length: NODES }, (_, index) => ({
    name: `node-${index}`,
    cpu: "8",
    memory: "16Gi",
  }));
  cluster = await TestCluster.start(tools, nodes);
  await cluster.kubectl("create", "namespace", SHOP);
});

afterEach((context) => {
  if ("passed" in context && !context.passed) hasFailed = true;
});

after(async () => {
  const folder = await cluster.stop({ keepLogs: hasFailed });
  if (hasFailed) process.stderr.write(`the logs of this run are in ${folder}\n`);
});

test("every overlay is one of these", () => {
  assert.deepEqual(readdirSync(OVERLAYS).toSorted(), Object.keys(WIRING).toSorted());
});

/** What an operator does beside applying the overlay, and how it is undone. */
interface Wiring {
  readonly prepare?: () => Promise<void>;
  /** The one that the pod has to go to: that with the real proxy, where the case is about what it does. */
  readonly node?: string;
  /** While the components start. */
  readonly attend?: () => Promise<void>;
  readonly wire?: () => Promise<void>;
  /** What else has to hold once the pod is placed. */
  readonly check?: (pod: PlacedPod, t: TestContext) => Promise<void> | void;
  /** How many pods the extender was asked about, where it is not the Deployment's. */
  readonly decisions?: () => Promise<number>;
  readonly remove?: () => Promise<void>;
}

let beside: BesideExtender | undefined;
let certManager: CertManager | undefined;
/** Where this machine reaches the extender by TLS, if kube-scheduler does so, too. */
let extenderUrl: string | undefined;

const WIRING: Readonly<Record<string, Wiring>> = {
  nominate: {
    check: ({ metadata }) => assert.ok("berth.dev/nominated-node" in (metadata.annotations ?? {})),
  },
  headroom: {},
  identity: { node: LOCAL_NODE, check: () => cluster.until(appIsCertified, "a certificate for the app") },
  "network-policy": {},
  monitoring: {
    prepare: () => addKinds(cluster, PROMETHEUS_OPERATOR),
    remove: () => removeKinds(cluster, PROMETHEUS_OPERATOR),
  },
  "second-scheduler": {
    wire: async () => undefined,
    check: ({ spec }) => assert.equal(spec.schedulerName, "berth-scheduler"),
  },
  "beside-kube-scheduler": {
    async wire() {
      beside = await startBesideExtender(cluster.controlPlane);
      await cluster.wireSchedulerBeside(beside.url);
    },
    decisions: async () => beside?.decisions() ?? 0,
    remove: async () => beside?.process.stop(),
  },
  "without-proxy": { attend: () => addOwnProxy(cluster), remove: removeOwnProxy },
  "nominate-without-proxy": { attend: () => addOwnProxy(cluster), remove: removeOwnProxy },
  "cert-manager": {
    async prepare() {
      certManager = await CertManager.start(cluster, certManagerProgram);
    },
    async wire() {
      ({ url: extenderUrl } = await cluster.wireSchedulerDirectly(CERTIFICATE_SECRET));
    },
    check: (_, t) => certificatesRenewed(t),
    async remove() {
      await certManager?.stop();
      await cluster.unwireScheduler();
    },
  },
};

for (const [overlay, wiring] of Object.entries(WIRING)) {
  test(`${overlay}: from an empty cluster to a mesh pod with its share of the proxy, and out again`, async (t) => {
    await clean();
    const lap = laps(t);
    await wiring.prepare?.();
    const folder = `${OVERLAYS}/${overlay}`;
    await cluster.kubectl("apply", "--server-side", "--validate=strict", "-k", folder);
    lap("applied");
    await wiring.attend?.();
    await rolledOut();
    lap("all components ready");
    await (wiring.wire ?? (() => cluster.wireScheduler()))();
    await cluster.kubectl("label", "namespace", SHOP, "berth.dev/mesh=enabled");
    await cluster.apply(deployment(wiring.node));
    const pod = await placedWithGrownProxy();
    await wiring.check?.(pod, t);
    // The extender is ignorable: a pod is placed without it, too.
    assert.ok((await (wiring.decisions ?? decisions)()) > 0, "kube-scheduler asked the extender");
    lap("the mesh pod is placed and its node's proxy resized");
    const running = await leftTheMesh();
    await cluster.kubectl("delete", "--timeout=180s", "-k", folder);
    await cluster.kubectl("delete", SIGNING_REQUESTS.resource, "--field-selector", OF_MESH_SIGNER);
    lap("uninstalled");
    await wiring.remove?.();
    const { names, kinds } = await berthObjects(cluster);
    assert.deepEqual(names, []);
    assert.ok(kinds > 40);
    assert.deepEqual(await runningPods(), running);
    lap(`nothing of Berth among ${kinds} kinds, and the pod runs on`);
    await cluster.kubectl(
      "-n",
      SHOP,
      "delete",
      "deployment",
      "cart",
      "--cascade=foreground",
      "--timeout=180s",
    );
  });
}

async function certificatesRenewed(t: TestContext): Promise<void> {
  const name = "cert-manager renews authority and certificate while pods come steadily: no call fails";
  await t.test(name, async (renewals) => {
    assert.ok(certManager !== undefined && extenderUrl !== undefined);
    await cluster.kubectl("create", "namespace", RENEWALS);
    const load = await renewedUnderLoad(cluster, certManager, {
      url: extenderUrl,
      namespace: RENEWALS,
      lap: laps(renewals),
    });
    await assertNothingFailed(cluster, RENEWALS, load);
    renewals.diagnostic(describeLoad(load));
    await cluster.kubectl("delete", "namespace", RENEWALS, "--timeout=180s");
  });
}

async function clean(): Promise<void> {
  assert.deepEqual((await berthObjects(cluster)).names, [], "the cluster is empty");
}

function laps(t: TestContext): (what: string) => void {
  const startedMs = performance.now();
  return (what) => t.diagnostic(`${((performance.now() - startedMs) / 1000).toFixed(1)} s: ${what}`);
}

async function rolledOut(): Promise<void> {
  const parts = [...(await namesOf("deployments")), ...(await namesOf("daemonsets"))];
  assert.ok(parts.length >= 2);
  await Promise.all(
    parts.map((part) => cluster.kubectl("-n", SYSTEM_NAMESPACE, "rollout", "status", part, "--timeout=180s")),
  );
}

/** Of Berth's own, as kubectl takes them: `deployments/NAME`. */
async function namesOf(resource: string): Promise<readonly string[]> {
  const path = `/apis/apps/v1/namespaces/${SYSTEM_NAMESPACE}/${resource}`;
  const { items } = (await cluster.connection.get(path)) as {
    readonly items: readonly { readonly metadata: { readonly name: string } }[];
  };
  return items.map(({ metadata }) => `${resource}/${metadata.name}`);
}

const CART_PODS = "app.kubernetes.io/name=cart";

function deployment(node?: string): object {
  const labels = { "app.kubernetes.io/name": "cart" };
  const resources = { requests: { cpu: "250m", memory: "256Mi" } };
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "cart", namespace: SHOP },
    spec: {
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          ...(node !== undefined && { nodeSelector: { "kubernetes.io/hostname": node } }),
          terminationGracePeriodSeconds: 0,
          containers: [{ name: "app", image: "example", resources }],
        },
      },
    },
  };
}

interface PlacedPod {
  readonly metadata: {
    readonly uid: string;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly labels?: Readonly<Record<string, string>>;
    readonly deletionTimestamp?: string;
  };
  readonly spec: { readonly nodeName?: string; readonly schedulerName?: string };
  readonly status?: { readonly phase?: string };
}

async function placedWithGrownProxy(): Promise<PlacedPod> {
  await boundAndInjected(cluster, { namespace: SHOP, labelSelector: CART_PODS, count: 1 });
  let placed: PlacedPod | undefined;
  await cluster.until(async () => {
    const [pod] = (await cluster.pods(SHOP)) as readonly PlacedPod[];
    if (pod?.spec.nodeName === undefined) return false;
    assert.equal(pod.metadata.annotations?.["berth.dev/injected"], "true");
    const proxies = (await cluster.pods(undefined, { labelSelector: PROXY_LABEL })).map(decodePod);
    const proxy = proxies.find(({ nodeName }) => nodeName === pod.spec.nodeName);
    placed = pod;
    return (proxy?.request.memoryBytes ?? 0) > TEMPLATE_MEMORY_BYTES;
  }, "the mesh pod and its node's proxy");
  assert.ok(placed !== undefined);
  return placed;
}

/** What is asked of the signer outlives the proxy that asked, by an hour. */
async function appIsCertified(): Promise<boolean> {
  const path = `${resourcePath(SIGNING_REQUESTS)}?fieldSelector=${encodeURIComponent(OF_MESH_SIGNER)}`;
  const { items } = (await cluster.connection.get(path)) as { readonly items: readonly unknown[] };
  return items.some((raw) => decodeSigningRequest(raw).state === "issued");
}

/** The first step of an uninstallation: pods start anew, outside of the mesh. */
async function leftTheMesh(): Promise<readonly string[]> {
  await cluster.kubectl("label", "namespace", SHOP, "berth.dev/mesh-");
  await cluster.kubectl("-n", SHOP, "rollout", "restart", "deployment/cart");
  await cluster.kubectl("-n", SHOP, "rollout", "status", "deployment/cart", "--timeout=180s");
  await cluster.until(async () => {
    const pods = (await cluster.pods(SHOP)) as readonly PlacedPod[];
    return pods.every(({ metadata }) => !("berth.dev/mesh" in (metadata.labels ?? {})));
  }, "the pods to leave the mesh");
  return runningPods();
}

async function runningPods(): Promise<readonly string[]> {
  const pods = (await cluster.pods(SHOP)) as readonly PlacedPod[];
  return pods.filter(({ status }) => status?.phase === "Running").map(({ metadata }) => metadata.uid);
}

async function decisions(): Promise<number> {
  const labelSelector = "app.kubernetes.io/name=berth-scheduler-extender";
  const pods = (await cluster.pods(SYSTEM_NAMESPACE, { labelSelector })) as readonly PlacedPod[];
  const ports = pods.map(({ metadata }) => cluster.runner.localPort(metadata.uid, OPERATIONS_PORT));
  const counts = await Promise.all(
    ports.map((port) => (port === undefined ? 0 : decisionsOf(`http://${HOST}:${port}`))),
  );
  return counts.reduce((sum, count) => sum + count, 0);
}

async function removeOwnProxy(): Promise<void> {
  const arguments_ = ["delete", "daemonset", "mine", "--cascade=foreground", "--timeout=180s"];
  await cluster.kubectl("-n", OWN_NAMESPACE, ...arguments_);
}
