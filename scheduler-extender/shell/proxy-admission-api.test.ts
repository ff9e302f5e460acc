import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import type { FastifyInstance } from "fastify";
import { PROXY_LABEL } from "#model/app.ts";
import { ClusterLedger } from "#model/ledger.ts";
import { PROXY_BASE_ANNOTATION } from "#kube/decode-pod.ts";
import { createHttpServer } from "#runtime/http-server.ts";
import { silentLogger } from "#runtime/logger.ts";
import { VirtualClock } from "#runtime/virtual-clock.ts";
import { aNode } from "#test/builders/a-node.ts";
import { aPod } from "#test/builders/a-pod.ts";
import { aProfile } from "#test/builders/a-profile.ts";
import { createExtenderMetrics, type ExtenderMetrics } from "./extender-metrics.ts";
import { proxyAdmissionApi } from "./proxy-admission-api.ts";

let ledger: ClusterLedger;
let metrics: ExtenderMetrics;
let server: FastifyInstance;
let unready: readonly string[];

// node-1 has one mesh pod: 140m and 336Mi more than a proxy's base (see the profile's builder).
beforeEach(async () => {
  unready = [];
  ledger = new ClusterLedger();
  ledger.setProfile(aProfile());
  ledger.upsertNode(aNode());
  ledger.upsertPod(aPod({ node: "node-1" }));
  metrics = createExtenderMetrics(ledger, new VirtualClock());
  server = createHttpServer({ bodyBytesMax: 64 * 1024, logger: silentLogger });
  await server.register(proxyAdmissionApi, { ledger, metrics, unreadyReasons: () => unready });
});

afterEach(() => server.close());

interface PodParts {
  readonly node?: string;
  readonly base?: string;
  readonly containers?: readonly object[];
}

const REQUESTS = { cpu: "150m", memory: "192Mi" };

/** As the DaemonSet controller creates it. */
function aNewProxy({
  node = "node-1",
  base = '{"cpu":"100m","memory":"128Mi"}',
  containers = [{ name: "log-shipper" }, { name: "proxy", resources: { requests: REQUESTS } }],
}: PodParts = {}): object {
  const matchFields = [{ key: "metadata.name", operator: "In", values: [node] }];
  return {
    metadata: { labels: { [PROXY_LABEL]: "berth" }, annotations: { [PROXY_BASE_ANNOTATION]: base } },
    spec: {
      affinity: {
        nodeAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchFields }] },
        },
      },
      containers,
    },
  };
}

interface Answer {
  readonly allowed: boolean;
  readonly warnings?: readonly string[];
  readonly patch?: string;
}

async function admit(object: object): Promise<Answer> {
  const payload = {
    apiVersion: "admission.k8s.io/v1",
    kind: "AdmissionReview",
    request: { uid: "review-1", namespace: "berth-system", object },
  };
  const response = await server.inject({ method: "POST", url: "/mutate-proxy", payload });
  assert.equal(response.statusCode, 200, response.body);
  const { response: answer } = response.json<{ response: Answer & { uid: string } }>();
  assert.equal(answer.uid, "review-1");
  assert.equal(answer.allowed, true);
  return answer;
}

function operations({ patch }: Answer): unknown {
  return patch === undefined ? undefined : JSON.parse(Buffer.from(patch, "base64").toString());
}

function required(): { cpu: string; memory: string } {
  const { modelCost } = [...ledger.nodes()][0] ?? { modelCost: { cpuMilli: 0, memoryBytes: 0 } };
  return {
    cpu: `${100 + modelCost.cpuMilli}m`,
    memory: `${128 + modelCost.memoryBytes / 1024 ** 2}Mi`,
  };
}

test("a proxy for a node with mesh pods starts with what they call for, in its own container", async () => {
  const { cpu, memory } = required();
  assert.deepEqual(operations(await admit(aNewProxy())), [
    { op: "replace", path: "/spec/containers/1/resources/requests/cpu", value: cpu },
    { op: "replace", path: "/spec/containers/1/resources/requests/memory", value: memory },
  ]);
  assert.match(await metrics.registry.metrics(), /admissions_total\{outcome="proxySized"\} 1/);
});

test("limits that exist keep their distance, and what the template does not request is left alone", async () => {
  const resources = { requests: { memory: "192Mi" }, limits: { cpu: 2, memory: "292Mi" } };
  const { memory } = required();
  assert.deepEqual(operations(await admit(aNewProxy({ containers: [{ name: "mesh", resources }] }))), [
    { op: "replace", path: "/spec/containers/0/resources/requests/memory", value: memory },
    {
      op: "replace",
      path: "/spec/containers/0/resources/limits/memory",
      value: `${Number.parseInt(memory) + 100}Mi`,
    },
  ]);
});

test("a proxy for a node without mesh pods is left as its template says", async () => {
  ledger.upsertNode(aNode({ name: "node-2" }));
  const answer = await admit(aNewProxy({ node: "node-2" }));
  assert.equal(answer.patch, undefined);
  assert.equal(answer.warnings, undefined);
});

test("what keeps a proxy from being sized is a warning and never a refusal", async () => {
  for (const [pod, warning] of [
    [aNewProxy({ node: "node-9" }), /names no node that Berth knows/],
    [{ spec: { containers: [{ name: "proxy" }] } }, /names no node/],
    [aNewProxy({ base: "much" }), /berth.dev\/proxy-base must be a JSON object/],
    [aNewProxy({ containers: [{ name: "proxy", resources: { requests: { cpu: "much" } } }] }), /"much"/],
  ] as const) {
    const answer = await admit(pod);
    assert.equal(answer.patch, undefined);
    assert.match(answer.warnings?.[0] ?? "", warning);
  }
  unready = ["the cluster is not listed yet"];
  assert.match((await admit(aNewProxy())).warnings?.[0] ?? "", /not listed yet/);
});

test("what is no AdmissionReview of a pod is a 400 that says where", async () => {
  const response = await server.inject({ method: "POST", url: "/mutate-proxy", payload: { kind: "Pod" } });
  assert.equal(response.statusCode, 400);
  assert.match(response.body, /apiVersion/);
});
