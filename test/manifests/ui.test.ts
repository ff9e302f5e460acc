import assert from "node:assert/strict";
import { test } from "node:test";
import { EXTENDER_PART, RECOMMENDER_PART } from "#cli/part-ports.ts";
import { filesIn, kustomization, type Manifest, objectsIn } from "./manifest-files.ts";
import { containerOf, SAMPLES, uiSettings, type Workload } from "./workload.ts";

const COMPONENT = "components/ui";
const objects = filesIn(COMPONENT).flatMap((file) => objectsIn(`${COMPONENT}/${file}`));

function the<T extends Manifest>(kind: string): T {
  const [found, ...more] = objects.filter((object): object is T => object.kind === kind);
  assert.ok(found !== undefined && more.length === 0, kind);
  return found;
}

interface Role extends Manifest {
  readonly rules: readonly {
    readonly resources: readonly string[];
    readonly resourceNames?: readonly string[];
    readonly verbs: readonly string[];
  }[];
}

const deployment = the<Workload>("Deployment");
const container = containerOf(deployment);
const settings = uiSettings(container);

test("all of the component's files are listed", () => {
  assert.deepEqual(kustomization(COMPONENT).resources.toSorted(), filesIn(COMPONENT).toSorted());
});

test("the UI reads its arguments, listens on its pod's address, and asks the parts of its own namespace", () => {
  assert.equal(settings.host, SAMPLES["status.podIP"]);
  assert.equal(settings.berthNamespace, SAMPLES["metadata.namespace"]);
  assert.deepEqual([settings.extenderUrl, settings.recommenderUrl], [undefined, undefined]);
});

test("its Service, its probes and its policy lead to the port that it listens on", () => {
  const { spec } = the<
    Manifest & { readonly spec: { readonly ports: readonly object[]; readonly selector: object } }
  >("Service");
  assert.deepEqual(container.ports, [{ name: "http", containerPort: settings.port }]);
  assert.deepEqual(spec.ports, [{ name: "http", port: settings.port, targetPort: "http" }]);
  assert.deepEqual(spec.selector, deployment.spec.selector.matchLabels);
  for (const { httpGet } of [container.startupProbe, container.readinessProbe, container.livenessProbe])
    assert.equal(httpGet.port, "http");
  const policy = the<
    Manifest & { readonly spec: { readonly podSelector: object; readonly ingress: readonly object[] } }
  >("NetworkPolicy");
  assert.deepEqual(policy.spec.podSelector, deployment.spec.selector);
  assert.deepEqual(policy.spec.ingress, [
    {
      ports: [{ protocol: "TCP", port: settings.port }],
      from: [{ namespaceSelector: { matchLabels: { "berth.dev/ui": "enabled" } } }],
    },
  ]);
});

test("it answers by the names that its Service has", () => {
  const { name, namespace } = the("Service").metadata;
  const service = `${name}.${SAMPLES["metadata.namespace"]}`;
  assert.equal(namespace, deployment.metadata.namespace);
  assert.deepEqual(settings.hostNames.split(","), [name, service, `${service}.svc`]);
});

test("it may look and no more, at pods' inside only in its own namespace, and at the Leases of those it asks", () => {
  const [cluster, own] = [the<Role>("ClusterRole"), the<Role>("Role")];
  for (const { verbs } of [...cluster.rules, ...own.rules])
    assert.deepEqual(
      verbs.filter((verb) => !["get", "list", "watch"].includes(verb)),
      [],
    );
  assert.deepEqual(
    cluster.rules.flatMap(({ resources }) => resources),
    ["nodes", "pods", "meshprofiles"],
  );
  assert.deepEqual(
    own.rules.flatMap(({ resources }) => resources),
    ["leases", "pods", "pods/proxy"],
  );
  assert.deepEqual(own.rules[0]?.resourceNames, [EXTENDER_PART.lease, RECOMMENDER_PART.lease]);
});

test("it runs as nobody in particular, without rights on its node", () => {
  const { securityContext } = deployment.spec.template.spec;
  assert.deepEqual(
    [securityContext.runAsNonRoot, securityContext.seccompProfile?.type],
    [true, "RuntimeDefault"],
  );
  assert.deepEqual(container.securityContext, {
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ["ALL"] },
  });
});
