import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import type { FastifyInstance } from "fastify";
import { MESH_LABEL, PROXY_LABEL } from "#model/app.ts";
import { ClusterLedger } from "#model/ledger.ts";
import { KubeConnection } from "#kube/connection.ts";
import { decodeMeshProfile } from "#kube/mesh-profile-schema.ts";
import { PODS, resourcePath } from "#kube/resource-path.ts";
import { createHttpServer, listen } from "#runtime/http-server.ts";
import { silentLogger } from "#runtime/logger.ts";
import { systemClock } from "#runtime/clock.ts";
import { LoopbackApi } from "#sim/loopback/loopback-api.ts";
import { DEFAULT_PORT_RANGE } from "../policy/ports.ts";
import { admissionApi } from "./admission-api.ts";
import { createExtenderMetrics, type ExtenderMetrics } from "./extender-metrics.ts";
import { PortAllocator } from "./port-allocator.ts";

let api: LoopbackApi;
let connection: KubeConnection;
let server: FastifyInstance;
let metrics: ExtenderMetrics;
let isLeader: boolean;
let isPlacing: boolean;
let gatesSet: number;

beforeEach(async () => {
  isLeader = true;
  isPlacing = false;
  gatesSet = 0;
  const clock = systemClock();
  api = new LoopbackApi({ clock });
  const { url } = await api.listen({ host: "127.0.0.1", port: 0 });
  connection = new KubeConnection({ server: url });
  metrics = createExtenderMetrics(new ClusterLedger(), clock);
  const ports = new PortAllocator({
    connection,
    profiles: {
      get: (app) =>
        api.store
          .list("meshprofiles")
          .map(decodeMeshProfile)
          .find((profile) => profile.app === app),
      values: () => api.store.list("meshprofiles").map(decodeMeshProfile),
      decodeFailures: 0,
    },
    isLeader: () => isLeader,
    range: DEFAULT_PORT_RANGE,
    clock,
    logger: silentLogger,
    metrics: { attempted: () => undefined },
  });
  server = createHttpServer({ bodyBytesMax: 64 * 1024, logger: silentLogger });
  const injection = { ipFamily: "IPv4", noProxy: [], preStopSeconds: 5 } as const;
  const placement = {
    get isServing() {
      return isPlacing;
    },
    metrics: { gateSet: () => void gatesSet++ },
  };
  await server.register(admissionApi, { ports, metrics, injection, placement });
  registerWebhook(await listen(server, { host: "127.0.0.1", port: 0 }));
});

afterEach(async () => {
  await connection.close();
  await api.close();
  await server.close();
});

function registerWebhook(url: string): void {
  const labels = { [MESH_LABEL]: "enabled" };
  api.store.create("namespaces", { metadata: { name: "shop", labels } });
  api.store.create("mutatingwebhookconfigurations", {
    metadata: { name: "berth-injection" },
    webhooks: [
      {
        name: "inject.berth.dev",
        clientConfig: { url: `${url}/mutate` },
        rules: [{ apiGroups: [""], apiVersions: ["v1"], operations: ["CREATE"], resources: ["pods"] }],
        namespaceSelector: { matchLabels: labels },
        objectSelector: { matchExpressions: [{ key: PROXY_LABEL, operator: "DoesNotExist" }] },
        failurePolicy: "Fail",
        sideEffects: "NoneOnDryRun",
        admissionReviewVersions: ["v1"],
      },
    ],
  });
}

interface Created {
  readonly metadata: {
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly spec: {
    readonly schedulingGates?: readonly object[];
    readonly containers: readonly {
      readonly env?: readonly { readonly name: string; readonly value?: string }[];
      readonly lifecycle?: unknown;
    }[];
  };
}

/** Creates a pod in the API server, which asks the webhook. */
async function create(metadata: object, query = {}, spec: object = {}): Promise<Created> {
  const body = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "cart-1", ...metadata },
    spec: {
      containers: [{ name: "app", image: "example/app", env: [{ name: "MODE", value: "test" }] }],
      ...spec,
    },
  };
  return (await connection.create(resourcePath({ ...PODS, namespace: "shop" }), body, query)) as Created;
}

function proxyOf({ spec }: Created): string | undefined {
  return spec.containers[0]?.env?.find(({ name }) => name === "HTTP_PROXY")?.value;
}

async function outcomes(): Promise<Readonly<Record<string, number>>> {
  const { values } = await metrics.registry.getSingleMetric("berth_extender_admissions_total")!.get();
  return Object.fromEntries(values.map(({ labels, value }) => [labels["outcome"], value]));
}

test("a pod of a mesh namespace is created with its app's outbound port, the mesh label and a pause", async () => {
  const pod = await create({ labels: { "berth.dev/app": "cart" } });
  const [profile] = api.store.list("meshprofiles").map(decodeMeshProfile);
  assert.equal(profile?.app, "shop/cart");
  assert.equal(proxyOf(pod), `http://$(BERTH_NODE_IP):${profile.ports?.outbound}`);
  assert.deepEqual(pod.metadata.labels, { "berth.dev/app": "cart", [MESH_LABEL]: "enabled" });
  assert.deepEqual(pod.spec.containers[0]?.lifecycle, { preStop: { sleep: { seconds: 5 } } });
  assert.deepEqual(await outcomes(), { injected: 1 });
});

test("labels, annotations and environment that a pod brought stay", async () => {
  const pod = await create({
    labels: { "berth.dev/app": "cart", tier: "web" },
    annotations: { note: "kept" },
  });
  assert.equal(pod.metadata.labels?.["tier"], "web");
  assert.deepEqual(pod.metadata.annotations, { note: "kept", "berth.dev/injected": "true" });
  assert.equal(pod.spec.containers[0]?.env?.at(-1)?.value, "test");
});

test("a pod that opts out, or names no app, starts without the mesh", async () => {
  const optedOut = await create({ labels: { "berth.dev/app": "cart", [MESH_LABEL]: "disabled" } });
  const nameless = await create({ name: "nameless" });
  for (const pod of [optedOut, nameless]) assert.equal(proxyOf(pod), undefined);
  assert.deepEqual(await outcomes(), { optedOut: 1, noApp: 1 });
  assert.equal(api.store.list("meshprofiles").length, 0);
});

test("a pod whose app has no ports yet starts without the mesh", async () => {
  isLeader = false;
  const pod = await create({ labels: { "berth.dev/app": "cart" } });
  assert.equal(proxyOf(pod), undefined);
  assert.equal(pod.metadata.labels?.[MESH_LABEL], undefined);
  assert.deepEqual(await outcomes(), { noPorts: 1 });
});

test("a dry run allocates no ports and shows those that exist", async () => {
  const labels = { "berth.dev/app": "cart" };
  assert.equal(proxyOf(await create({ labels }, { dryRun: "All" })), undefined);
  assert.equal(api.store.list("meshprofiles").length, 0);
  await create({ labels });
  const again = await create({ labels, name: "cart-2" }, { dryRun: "All" });
  assert.equal(proxyOf(again), "http://$(BERTH_NODE_IP):20001");
});

const LABELS = { "berth.dev/app": "cart" };
const GATES = [{ name: "berth.dev/placement" }];

test("a mesh pod is held back while the placement controller is at work, and only then", async () => {
  assert.equal((await create({ labels: LABELS })).spec.schedulingGates, undefined);
  isPlacing = true;
  const gated = await create({ labels: LABELS, name: "cart-2" });
  assert.deepEqual(gated.spec.schedulingGates, GATES);
  assert.equal(gatesSet, 1);
});

test("a pod that could not be placed, that names its node, is a dry run or outside the mesh is not held back", async () => {
  isPlacing = true;
  const claim = { volumes: [{ name: "data", persistentVolumeClaim: { claimName: "data" } }] };
  const pods = [
    await create({ labels: LABELS }, {}, claim),
    await create({ labels: LABELS, name: "placed" }, {}, { nodeName: "node-1" }),
    await create({ labels: LABELS, name: "dry" }, { dryRun: "All" }),
    await create({ labels: { ...LABELS, [MESH_LABEL]: "disabled" }, name: "apart" }),
    await create({ name: "nameless" }),
  ];
  for (const { spec } of pods) assert.equal(spec.schedulingGates, undefined);
  assert.equal(gatesSet, 0);
});

async function review(body: unknown): Promise<{ readonly status: number; readonly body: unknown }> {
  const answer = await server.inject({ method: "POST", url: "/mutate", payload: body as object });
  return { status: answer.statusCode, body: answer.json() };
}

test("a review is answered with its uid and, where nothing is injected, with the reason as a warning", async () => {
  const object = { metadata: {}, spec: { containers: [{ name: "app" }] } };
  const request = { uid: "review-1", namespace: "shop", operation: "CREATE", object };
  const answer = await review({ apiVersion: "admission.k8s.io/v1", kind: "AdmissionReview", request });
  assert.deepEqual(answer, {
    status: 200,
    body: {
      apiVersion: "admission.k8s.io/v1",
      kind: "AdmissionReview",
      response: {
        uid: "review-1",
        allowed: true,
        warnings: ["berth: no label berth.dev/app or app.kubernetes.io/name; not injected"],
      },
    },
  });
});

test("what is no AdmissionReview of a pod is answered 400", async () => {
  const kind = { apiVersion: "admission.k8s.io/v1", kind: "AdmissionReview" };
  for (const body of [
    {},
    { ...kind, request: { uid: "", object: { spec: { containers: [] } } } },
    { ...kind, request: { uid: "review-1", object: null } },
    {
      ...kind,
      apiVersion: "admission.k8s.io/v1beta1",
      request: { uid: "1", object: { spec: { containers: [] } } },
    },
  ]) {
    assert.equal((await review(body)).status, 400, JSON.stringify(body));
  }
});
