import assert from "node:assert/strict";
import { test } from "node:test";
import { MESH_ENABLED, MESH_LABEL, PROXY_LABEL } from "#model/app.ts";
import type { Json } from "#sim/loopback/json.ts";
import { matchesLabelSelector } from "#sim/loopback/selector.ts";
import { extenderRoutes } from "./extender-routes.ts";
import { baseObject, type Manifest } from "./manifest-files.ts";

interface WebhookConfiguration extends Manifest {
  readonly webhooks: readonly Webhook[];
}

interface Webhook {
  readonly name: string;
  readonly clientConfig: {
    readonly service: {
      readonly name: string;
      readonly namespace: string;
      readonly path: string;
      readonly port: number;
    };
  };
  readonly rules: readonly object[];
  readonly objectSelector: Json;
  readonly namespaceSelector?: Json;
  readonly timeoutSeconds: number;
}

interface Service extends Manifest {
  readonly spec: { readonly ports: readonly { readonly port: number }[] };
}

const { webhooks } = baseObject<WebhookConfiguration>("MutatingWebhookConfiguration", "berth");
const injections = webhooks.filter(({ clientConfig }) => clientConfig.service.path === "/mutate");
const sizings = webhooks.filter(({ clientConfig }) => clientConfig.service.path === "/mutate-proxy");
const IN_THE_MESH = { [MESH_LABEL]: MESH_ENABLED };

test("a pod is sent once if it or its namespace is labelled, and not if it says no", () => {
  assert.equal(injections.length, 2);
  for (const [pod, namespace, times] of [
    [IN_THE_MESH, {}, 1],
    [IN_THE_MESH, IN_THE_MESH, 1],
    [{}, IN_THE_MESH, 1],
    [{}, {}, 0],
    [{ [MESH_LABEL]: "disabled" }, IN_THE_MESH, 0],
    [IN_THE_MESH, { [MESH_LABEL]: "disabled" }, 1],
    [{}, { [MESH_LABEL]: "disabled" }, 0],
  ] as const) {
    const what = `${JSON.stringify(pod)} in ${JSON.stringify(namespace)}`;
    assert.equal(timesSent(pod, { ...namespace, [NAMESPACE_NAME]: "shop" }), times, what);
  }
});

test("Berth's own pods and the control plane's are left alone, whatever their labels", () => {
  for (const name of ["kube-system", "berth-system"]) {
    for (const pod of [{}, IN_THE_MESH]) {
      assert.equal(timesSent(pod, { ...IN_THE_MESH, [NAMESPACE_NAME]: name }), 0, name);
    }
  }
});

test("what the webhook changes does not have the pod sent by the entry that follows", () => {
  const [labelled, ofLabelledNamespace] = injections;
  // The API server matches each entry against the pod as the entries before it left it.
  const namespace = { ...IN_THE_MESH, [NAMESPACE_NAME]: "shop" };
  assert.ok(ofLabelledNamespace !== undefined && isSent(ofLabelledNamespace, {}, namespace));
  assert.ok(labelled !== undefined && isSent(labelled, IN_THE_MESH, namespace));
  assert.ok(!isSent(ofLabelledNamespace, IN_THE_MESH, namespace));
});

test("a node proxy is sent to be sized, once and in whatever namespace, and no other pod is", () => {
  assert.equal(sizings.length, 1);
  for (const namespace of ["berth-system", "kube-system", "shop"]) {
    const sent = (pod: Labels): boolean =>
      sizings.some((webhook) => isSent(webhook, pod, { [NAMESPACE_NAME]: namespace }));
    assert.ok(sent({ [PROXY_LABEL]: "berth" }), namespace);
    assert.ok(!sent(IN_THE_MESH), namespace);
  }
});

test("every entry leads to a route, through the extender's Service", async () => {
  const routes = await extenderRoutes();
  const service = baseObject<Service>("Service", "berth-scheduler-extender");
  for (const { clientConfig } of webhooks) {
    const { name, namespace, path, port } = clientConfig.service;
    assert.deepEqual({ name, namespace }, { name: service.metadata.name, namespace: "berth-system" });
    assert.ok(service.spec.ports.some((served) => served.port === port));
    assert.ok(routes.hasRoute({ method: "POST", url: path }), path);
  }
});

test("only the creation of pods is asked about, briefly, and goes on without an answer", () => {
  for (const { name, rules, objectSelector: _, namespaceSelector: __, clientConfig, ...rest } of webhooks) {
    assert.match(name, /^[a-z-]+\.mesh\.berth\.dev$/);
    const pods = { apiGroups: [""], apiVersions: ["v1"], resources: ["pods"], scope: "Namespaced" };
    assert.deepEqual(rules, [{ ...pods, operations: ["CREATE"] }]);
    assert.deepEqual(rest, {
      admissionReviewVersions: ["v1"],
      failurePolicy: "Ignore",
      timeoutSeconds: 2,
      // Only injection allocates anything.
      sideEffects: clientConfig.service.path === "/mutate" ? "NoneOnDryRun" : "None",
      reinvocationPolicy: "Never",
    });
    // The extender's to fill in.
    assert.ok(!("caBundle" in clientConfig));
  }
});

const NAMESPACE_NAME = "kubernetes.io/metadata.name";

type Labels = Readonly<Record<string, string>>;

function timesSent(pod: Labels, namespace: Labels): number {
  return injections.filter((webhook) => isSent(webhook, pod, namespace)).length;
}

function isSent({ objectSelector, namespaceSelector }: Webhook, pod: Labels, namespace: Labels): boolean {
  return (
    matchesLabelSelector(objectSelector, pod) && matchesLabelSelector(namespaceSelector ?? {}, namespace)
  );
}
