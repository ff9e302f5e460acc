import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { PROXY_LABEL } from "#model/app.ts";
import { parseCpuMilli, parseMemoryBytes } from "#model/quantity.ts";
import { addResources, type Resources } from "#model/resources.ts";
import { decodePod, PROXY_BASE_ANNOTATION } from "#kube/decode-pod.ts";
import { DEPARTURE_MS_MAX } from "#proxy/policy/departure.ts";
import { NO_SUCCESSION } from "#proxy/policy/succession.ts";
import { ControlServer } from "#proxy/shell/control-server.ts";
import { createHttpServer } from "#runtime/http-server.ts";
import { silentLogger } from "#runtime/logger.ts";
import { operationsApi } from "#runtime/operations-api.ts";
import { VirtualClock } from "#runtime/virtual-clock.ts";
import { LEADER_LABEL } from "#scheduler-extender/shell/leader-label.ts";
import { EXTENDER_LEASE } from "#scheduler-extender/shell/leadership.ts";
import { decodeProxyPod } from "#vpa-recommender/shell/proxy-pod.ts";
import { Registry } from "prom-client";
import { baseObject, baseObjectsOf, type Manifest } from "./manifest-files.ts";
import {
  type Container,
  containerOf,
  extenderSettings,
  proxySettings,
  recommenderSettings,
  SAMPLES,
  type Workload,
  workloads,
} from "./workload.ts";

const extender = baseObject<Workload>("Deployment", "berth-scheduler-extender");
const recommender = baseObject<Workload>("Deployment", "berth-vpa-recommender");
const proxy = baseObject<Workload>("DaemonSet", "berth-proxy");

interface Service extends Manifest {
  readonly spec: {
    readonly selector: Readonly<Record<string, string>>;
    readonly ports: readonly { readonly name: string; readonly port: number; readonly targetPort: string }[];
  };
}

test("there are these three, and each selects its own pods and nobody else's", () => {
  assert.deepEqual(workloads(), [extender, recommender, proxy]);
  for (const { metadata, spec } of workloads()) {
    for (const other of workloads()) {
      const isOwn = isSelected(spec.selector.matchLabels, other);
      assert.equal(isOwn, other.metadata.name === metadata.name, `${metadata.name} → ${other.metadata.name}`);
    }
    for (const [name, value] of Object.entries(metadata.labels ?? {})) {
      assert.equal(spec.template.metadata.labels[name], value, `${metadata.name}'s pods lack ${name}`);
    }
  }
});

test("all run the image of this version, whose entry point is the berth command", () => {
  const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as {
    readonly version: string;
  };
  for (const workload of workloads()) {
    const { image, command } = containerOf(workload);
    assert.equal(image, `berth:${version}`);
    assert.equal(command, undefined);
  }
});

test("the extender reads its arguments, listens on its pod's address, and keeps its certificate in its Secret", () => {
  const settings: Readonly<Record<string, unknown>> = extenderSettings(containerOf(extender));
  assert.equal(settings["host"], SAMPLES["status.podIP"]);
  assert.equal(settings["operationsHost"], SAMPLES["status.podIP"]);
  assert.equal(settings["leaseNamespace"], extender.metadata.namespace);
  assert.equal(settings["identity"], SAMPLES["metadata.name"]);
  baseObject("Secret", String(settings["tlsSecret"]));
  baseObject("MutatingWebhookConfiguration", String(settings["webhookConfiguration"]));
});

test("the recommender reads its arguments", () => {
  const settings = recommenderSettings(containerOf(recommender));
  assert.equal(settings.operationsHost, SAMPLES["status.podIP"]);
  assert.equal(settings.leaseNamespace, recommender.metadata.namespace);
  assert.equal(settings.identity, SAMPLES["metadata.name"]);
});

test("the proxy reads its arguments, listens on its node's address, and finds its API server by itself", () => {
  const settings = proxySettings(containerOf(proxy));
  assert.equal(settings.nodeName, SAMPLES["spec.nodeName"]);
  assert.equal(settings.nodeAddress, SAMPLES["status.hostIP"]);
  assert.equal(settings.apiServer, "https://10.96.0.1:443");
});

test("two replicas of the extender are ready, apart where possible, and a new one before an old one goes", () => {
  assert.equal(extender.spec.replicas, 2);
  const rollingUpdate = { maxSurge: 1, maxUnavailable: 0 };
  assert.deepEqual(extender.spec.strategy, { type: "RollingUpdate", rollingUpdate });
  const { podAntiAffinity = {} } = extender.spec.template.spec.affinity ?? {};
  assert.deepEqual(Object.keys(podAntiAffinity), ["preferredDuringSchedulingIgnoredDuringExecution"]);
  for (const { podAffinityTerm } of podAntiAffinity.preferredDuringSchedulingIgnoredDuringExecution ?? []) {
    assert.deepEqual(podAffinityTerm.labelSelector.matchLabels, extender.spec.selector.matchLabels);
  }
});

test("the extender's Service leads to one replica: the leader, which labels the pod it runs in", () => {
  const { spec } = baseObject<Service>("Service", "berth-scheduler-extender");
  const { [LEADER_LABEL]: leaderOf, ...selector } = spec.selector;
  assert.equal(leaderOf, EXTENDER_LEASE);
  assert.ok(Object.keys(selector).length > 0 && isSelected(selector, extender));
  assert.ok(!isSelected(spec.selector, extender), "no replica has the label from the start");
  const { podName, identity, withoutLease } = extenderSettings(containerOf(extender));
  assert.deepEqual([podName, identity], [SAMPLES["metadata.name"], SAMPLES["metadata.name"]]);
  assert.equal(withoutLease, false);
});

test("the extender's Service leads to the port of its verbs", () => {
  const { spec } = baseObject<Service>("Service", "berth-scheduler-extender");
  const container = containerOf(extender);
  const { port } = extenderSettings(container);
  assert.deepEqual(spec.ports, [{ name: "https", port, targetPort: "https" }]);
  assert.equal(declaredPort(container, "https"), port);
});

const OPERATIONS_ROUTES = createHttpServer({ bodyBytesMax: 1024, logger: silentLogger });
const CONTROL = new ControlServer({
  host: { readiness: () => ({ kind: "ready" }), succession: NO_SUCCESSION } as never,
  clock: new VirtualClock(),
});
let controlUrl: string;

before(async () => {
  await OPERATIONS_ROUTES.register(operationsApi, { registry: new Registry(), unreadyReasons: () => [] });
  controlUrl = await CONTROL.listen("127.0.0.1", 0);
});

after(() => CONTROL.close());

for (const [name, workload, settings] of [
  ["extender", extender, extenderSettings],
  ["recommender", recommender, recommenderSettings],
] as const) {
  test(`kubelet asks the ${name} for its health where it answers, and restarts it only if it is not alive`, () => {
    const container = containerOf(workload);
    for (const { path, host, port: asked } of probesOf(container)) {
      assert.ok(OPERATIONS_ROUTES.hasRoute({ method: "GET", url: path }), path);
      assert.equal(host, undefined);
      assert.equal(declaredPort(container, String(asked)), settings(container).operationsPort);
    }
    assert.deepEqual(pathsOf(container), ["/livez", "/readyz", "/livez"]);
  });
}

test("kubelet asks the proxy for its health on the node's loopback, where it answers", async () => {
  const container = containerOf(proxy);
  const { controlHost, controlPort } = proxySettings(container);
  for (const { path, host, port } of probesOf(container)) {
    assert.equal((await fetch(`${controlUrl}${path}`)).status, 200, path);
    assert.deepEqual({ host, port }, { host: controlHost, port: controlPort });
  }
  assert.deepEqual(pathsOf(container), ["/startupz", "/readyz", "/livez"]);
});

test("the next proxy starts beside the old one, which knows its own pod, and is not asked before the old one knows of it", () => {
  assert.deepEqual(proxy.spec.updateStrategy, {
    type: "RollingUpdate",
    rollingUpdate: { maxUnavailable: 0, maxSurge: 1 },
  });
  assert.ok((containerOf(proxy).startupProbe.initialDelaySeconds ?? 0) >= 2);
  const { args, env } = containerOf(proxy);
  assert.ok(args.includes("--pod-name=$(POD_NAME)"));
  const podName = env.find(({ name }) => name === "POD_NAME");
  assert.deepEqual(podName?.valueFrom.fieldRef, { fieldPath: "metadata.name" });
});

test("extender and recommender know the proxy's pods by their label, and what a bare one costs", () => {
  const view = decodePod(proxyPod());
  assert.ok(proxy.spec.template.metadata.labels[PROXY_LABEL] !== undefined);
  assert.ok(proxy.spec.template.metadata.annotations?.[PROXY_BASE_ANNOTATION] !== undefined);
  assert.deepEqual(view.proxy?.base, { cpuMilli: 100, memoryBytes: 128 * 1024 ** 2 });
});

test("a new proxy asks for its base and the recommender's least headroom, without limits", () => {
  const { headroomCpu, headroomMemory } = recommenderSettings(containerOf(recommender));
  const headroom = sizeOf({ cpu: headroomCpu, memory: headroomMemory });
  const { requests, limits } = containerOf(proxy).resources;
  assert.deepEqual(sizeOf(requests), addResources(decodePod(proxyPod()).proxy?.base ?? headroom, headroom));
  assert.equal(limits, undefined);
});

test("the recommender resizes the proxy's container, by name, and that restarts nothing", () => {
  const container = containerOf(proxy);
  const pod = proxyPod();
  const among = { ...pod, spec: { containers: [{ name: "another" }, ...pod.spec.containers] } };
  assert.equal(decodeProxyPod(among).containerName, container.name);
  assert.deepEqual(container.resizePolicy, [
    { resourceName: "cpu", restartPolicy: "NotRequired" },
    { resourceName: "memory", restartPolicy: "NotRequired" },
  ]);
});

test("a proxy runs on every node, on the node's network, and still knows Services by name", () => {
  const { tolerations, hostNetwork, dnsPolicy } = proxy.spec.template.spec;
  assert.deepEqual(tolerations, [{ operator: "Exists" }]);
  assert.equal(hostNetwork, true);
  assert.equal(dnsPolicy, "ClusterFirstWithHostNet");
  // A declared port would be reserved on the host, and hold up the next proxy (kubernetes#106417).
  assert.equal(containerOf(proxy).ports, undefined);
});

test("kubelet waits longer than a proxy may drain", () => {
  const { terminationGracePeriodSeconds = 30 } = proxy.spec.template.spec;
  assert.ok(
    terminationGracePeriodSeconds * 1000 >=
      proxySettings(containerOf(proxy)).drainTimeoutMs + DEPARTURE_MS_MAX + 5_000,
  );
});

test("no priority is critical: for a critical pod's growth kubelet would kill others", () => {
  const classes = baseObjectsOf<Manifest & { value: number }>("PriorityClass");
  for (const { value } of classes) assert.ok(value > 0 && value <= 1_000_000_000);
  const names = new Set(classes.map(({ metadata }) => metadata.name));
  for (const { spec } of workloads()) assert.ok(names.has(spec.template.spec.priorityClassName));
});

for (const workload of workloads()) {
  const { spec } = workload.spec.template;
  const container = containerOf(workload);

  test(`${workload.metadata.name} says what it needs`, () => {
    const { cpuMilli, memoryBytes } = sizeOf(container.resources.requests);
    assert.ok(cpuMilli >= 50 && memoryBytes >= 64 * 1024 ** 2);
  });

  // Pod Security's level "restricted" (k8s.io/pod-security-admission), and a root file system that is not written.
  test(`${workload.metadata.name} has no more rights on its node than it needs`, () => {
    assert.equal(spec.securityContext.runAsNonRoot, true);
    assert.ok((spec.securityContext.runAsUser ?? 0) > 0);
    assert.deepEqual(spec.securityContext.seccompProfile, { type: "RuntimeDefault" });
    assert.deepEqual(container.securityContext, {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
    });
    assert.equal(spec.hostNetwork ?? false, workload.metadata.name === proxy.metadata.name);
    for (const field of ["hostPID", "hostIPC", "shareProcessNamespace", "volumes"]) {
      assert.ok(!(field in spec), field);
    }
  });
}

function isSelected(selector: Readonly<Record<string, string>>, { spec }: Workload): boolean {
  return Object.entries(selector).every(([name, value]) => spec.template.metadata.labels[name] === value);
}

function declaredPort({ ports = [] }: Container, name: string): number | undefined {
  return ports.find((port) => port.name === name)?.containerPort;
}

function probesOf({ startupProbe, readinessProbe, livenessProbe }: Container) {
  return [startupProbe, readinessProbe, livenessProbe].map(({ httpGet }) => httpGet);
}

function pathsOf(container: Container): readonly string[] {
  return probesOf(container).map(({ path }) => path);
}

function proxyPod() {
  const { metadata, spec } = proxy.spec.template;
  return { metadata: { ...metadata, uid: "p", name: "berth-proxy-x", namespace: "berth-system" }, spec };
}

function sizeOf({ cpu = "0", memory = "0" }: Readonly<Record<string, string>>): Resources {
  return { cpuMilli: parseCpuMilli(cpu), memoryBytes: parseMemoryBytes(memory) };
}
