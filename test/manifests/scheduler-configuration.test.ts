import assert from "node:assert/strict";
import { test } from "node:test";
import { MESH_RESOURCE } from "#model/app.ts";
import { certificateHosts } from "#scheduler-extender/shell/certificate-hosts.ts";
import { EXTENDER_WEIGHT } from "#sim/driver/scheduler-driver.ts";
import { extenderRoutes } from "./extender-routes.ts";
import { baseObject, filesIn, type Manifest, readYaml } from "./manifest-files.ts";
import { containerOf, extenderSettings, type Workload } from "./workload.ts";

interface SchedulerConfiguration {
  readonly apiVersion: string;
  readonly kind: string;
  readonly profiles: readonly { readonly percentageOfNodesToScore: number }[];
  readonly extenders: readonly Extender[];
}

interface Extender {
  readonly urlPrefix: string;
  readonly weight: number;
  readonly nodeCacheCapable: boolean;
  readonly enableHTTPS: boolean;
  readonly ignorable: boolean;
  readonly tlsConfig: { readonly serverName: string; readonly caFile: string; readonly insecure?: boolean };
}

assert.deepEqual(filesIn("kube-scheduler"), [
  "configuration-beside.yaml",
  "configuration-mesh-pods-only.yaml",
  "configuration.yaml",
  "static-pod.yaml",
]);
const configuration = readYaml("kube-scheduler/configuration.yaml") as SchedulerConfiguration;
const [extender] = configuration.extenders;
assert.ok(extender !== undefined);

test("the variant for mesh pods only differs by the resource that tells them", () => {
  const variant = readYaml("kube-scheduler/configuration-mesh-pods-only.yaml") as SchedulerConfiguration;
  const managedResources = [{ name: MESH_RESOURCE, ignoredByScheduler: true }];
  assert.deepEqual(variant, { ...configuration, extenders: [{ ...extender, managedResources }] });
});

test("it is a configuration of kube-scheduler that sees every node", () => {
  assert.equal(configuration.apiVersion, "kubescheduler.config.k8s.io/v1");
  assert.equal(configuration.kind, "KubeSchedulerConfiguration");
  assert.equal(configuration.extenders.length, 1);
  for (const profile of configuration.profiles) assert.equal(profile.percentageOfNodesToScore, 100);
});

test("every verb is one that the extender answers, and it is not asked to bind", async () => {
  const routes = await extenderRoutes();
  const verbs = Object.entries(extender).filter(([name]) => name.endsWith("Verb"));
  assert.deepEqual(verbs.map(([name]) => name).sort(), ["filterVerb", "preemptVerb", "prioritizeVerb"]);
  for (const [name, verb] of verbs) {
    assert.ok(routes.hasRoute({ method: "POST", url: `/${String(verb)}` }), `${name}: ${String(verb)}`);
  }
});

test("the weight is the one that the simulator counts with", () => {
  assert.equal(extender.weight, EXTENDER_WEIGHT);
});

test("nodes are sent by name, and pods are placed without the extender while it is away", () => {
  assert.equal(extender.nodeCacheCapable, true);
  assert.equal(extender.ignorable, true);
});

test("the address is the extender's Service, and its certificate is verified by name", () => {
  const { name, namespace = "" } = baseObject<Manifest>("Service", "berth-scheduler-extender").metadata;
  const { port, tlsHosts } = extenderSettings(
    containerOf(baseObject<Workload>("Deployment", "berth-scheduler-extender")),
  );
  const serverName = `${name}.${namespace}.svc`;
  assert.ok(certificateHosts(tlsHosts, namespace).includes(serverName));
  assert.equal(extender.urlPrefix, `https://EXTENDER_CLUSTER_IP:${port}`);
  assert.equal(extender.enableHTTPS, true);
  assert.deepEqual(extender.tlsConfig, {
    serverName,
    caFile: "/etc/kubernetes/berth/ca.crt",
  });
});
