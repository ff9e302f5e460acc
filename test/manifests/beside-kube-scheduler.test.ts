import assert from "node:assert/strict";
import { test } from "node:test";
import { baseObject, type Manifest, objectsIn, readYaml } from "./manifest-files.ts";
import { type Container, containerOf, extenderSettings, type Workload } from "./workload.ts";

interface Rule {
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}

const pod = readYaml("kube-scheduler/static-pod.yaml") as Manifest & {
  spec: Workload["spec"]["template"]["spec"];
};
const [bare] = pod.spec.containers;
assert.ok(bare !== undefined);
const container: Container = { ...bare, env: [] };
const settings = extenderSettings(container);
const deployed = containerOf(baseObject<Workload>("Deployment", "berth-scheduler-extender"));
const [role, binding] = objectsIn("components/beside-kube-scheduler/rbac.yaml") as readonly [
  Manifest & { rules: readonly Rule[] },
  Manifest & { roleRef: { name: string }; subjects: readonly { kind: string; name: string }[] },
];

test("the static pod answers verbs on loopback, without a Lease, and is the Deployment's in everything else", () => {
  assert.deepEqual([settings.host, settings.operationsHost], ["127.0.0.1", "127.0.0.1"]);
  assert.equal(settings.withoutLease, true);
  assert.equal(pod.spec.hostNetwork, true);
  assert.equal(container.image, deployed.image);
  assert.deepEqual(container.resources, deployed.resources);
  assert.deepEqual(container.securityContext, deployed.securityContext);
  assert.deepEqual(
    pod.spec.securityContext,
    baseObject<Workload>("Deployment", "berth-scheduler-extender").spec.template.spec.securityContext,
  );
  for (const { httpGet } of [container.startupProbe, container.readinessProbe, container.livenessProbe])
    assert.deepEqual([httpGet.host, httpGet.port], [settings.operationsHost, settings.operationsPort]);
});

test("kube-scheduler's configuration for it is the shipped one, by loopback and without TLS", () => {
  type Configuration = { readonly extenders: readonly [Readonly<Record<string, unknown>>] };
  const shipped = readYaml("kube-scheduler/configuration.yaml") as Configuration;
  const { enableHTTPS: _, tlsConfig: __, ...extender } = shipped.extenders[0];
  assert.deepEqual(readYaml("kube-scheduler/configuration-beside.yaml"), {
    ...shipped,
    extenders: [{ ...extender, urlPrefix: `http://${settings.host}:${settings.port}` }],
  });
});

test("its user may look at what the ledger is made of, and write Events; nothing else", () => {
  const rights = role.rules.flatMap(({ resources, verbs }) =>
    resources.flatMap((resource) => verbs.map((verb) => `${verb} ${resource}`)),
  );
  const base = baseObject<Manifest & { rules: readonly Rule[] }>("ClusterRole", "berth-scheduler-extender");
  const changes = rights.filter((right) => !/^(list|watch) /.test(right));
  assert.deepEqual(changes, ["create events"]);
  const granted = new Set(
    base.rules.flatMap(({ resources, verbs }) =>
      resources.flatMap((resource) => verbs.map((verb) => `${verb} ${resource}`)),
    ),
  );
  assert.deepEqual(
    rights.filter((right) => !granted.has(right)),
    [],
  );
  assert.equal(binding.roleRef.name, role.metadata.name);
  assert.deepEqual(binding.subjects, [
    { apiGroup: "rbac.authorization.k8s.io", kind: "User", name: "berth:scheduler-extender-verbs" },
  ]);
});
