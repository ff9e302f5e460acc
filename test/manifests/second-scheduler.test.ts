import assert from "node:assert/strict";
import { test } from "node:test";
import { parse } from "yaml";
import { kubernetesVersion } from "../e2e/tool-binaries.ts";
import { baseObject, filesIn, kustomization, type Manifest, objectsIn, readYaml } from "./manifest-files.ts";
import { containerOf, extenderSettings, type Workload } from "./workload.ts";

const COMPONENT = "components/second-scheduler";
const LEASE = "berth-kube-scheduler";
const objects = filesIn(COMPONENT).flatMap((file) => objectsIn(`${COMPONENT}/${file}`));

function object<T extends Manifest>(kind: string, name = LEASE): T {
  const found = objects.find((candidate) => candidate.kind === kind && candidate.metadata.name === name);
  assert.ok(found !== undefined, `${kind} ${name}`);
  return found as T;
}

interface Configuration {
  readonly leaderElection: object;
  readonly profiles: readonly { readonly schedulerName: string }[];
  readonly extenders: readonly [
    {
      readonly urlPrefix: string;
      readonly tlsConfig: { readonly serverName: string; readonly caFile: string };
    },
  ];
}

const { data } = object<Manifest & { data: Readonly<Record<string, string>> }>("ConfigMap");
const configuration = parse(data["configuration.yaml"] ?? "") as Configuration;
const deployment = object<Workload>("Deployment");
const { template } = deployment.spec;
const pod = template.spec as typeof template.spec & {
  readonly volumes: readonly {
    readonly name: string;
    readonly secret?: object;
    readonly configMap?: object;
  }[];
};
const container = containerOf(deployment) as ReturnType<typeof containerOf> & {
  readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[];
};

test("the overlay is the base and the component, whose files are all listed", () => {
  assert.deepEqual(kustomization(COMPONENT).resources.toSorted(), filesIn(COMPONENT).toSorted());
  const overlay = readYaml("overlays/second-scheduler/kustomization.yaml") as {
    components: readonly string[];
  };
  assert.deepEqual(overlay.components, ["../../components/second-scheduler"]);
});

test("it asks the extender as the cluster's own scheduler would, by the Service's name and the mounted authority", () => {
  const shipped = readYaml("kube-scheduler/configuration.yaml") as Configuration;
  const [theirs] = shipped.extenders;
  const [ours] = configuration.extenders;
  const { serverName } = theirs.tlsConfig;
  assert.deepEqual(ours, {
    ...theirs,
    urlPrefix: `https://${serverName}:9443`,
    tlsConfig: { serverName, caFile: "/etc/berth/extender/ca.crt" },
  });
  assert.deepEqual(
    configuration.profiles.map((profile) => ({ ...profile, schedulerName: "default-scheduler" })),
    shipped.profiles,
  );
});

test("mesh pods are given its name, and no other pod is", () => {
  const { patches } = readYaml(`${COMPONENT}/kustomization.yaml`) as {
    patches: readonly [{ readonly patch: string }];
  };
  const [{ value }] = parse(patches[0].patch) as readonly [{ readonly value: string }];
  const extender = containerOf(baseObject<Workload>("Deployment", "berth-scheduler-extender"));
  assert.equal(extenderSettings(extender).schedulerName, "");
  const { schedulerName } = extenderSettings({ ...extender, args: [...extender.args, value] });
  assert.deepEqual(
    configuration.profiles.map((profile) => profile.schedulerName),
    [schedulerName],
  );
});

test("it has a Lease of its own, beside the cluster's scheduler's, and may renew that one only", () => {
  const namespace = "berth-system";
  assert.deepEqual(configuration.leaderElection, {
    leaderElect: true,
    resourceNamespace: namespace,
    resourceName: LEASE,
  });
  const role = object<Manifest & { rules: readonly object[] }>("Role");
  assert.equal(role.metadata.namespace, namespace);
  assert.deepEqual(role.rules, [
    {
      apiGroups: ["coordination.k8s.io"],
      resources: ["leases"],
      resourceNames: [LEASE],
      verbs: ["get", "update"],
    },
  ]);
});

test("its rights are the cluster's own for schedulers", () => {
  const bound = objects
    .filter(({ kind }) => kind.endsWith("Binding"))
    .map((binding) => {
      const { roleRef, subjects } = binding as Manifest & {
        roleRef: { kind: string; name: string };
        subjects: readonly { kind: string; name: string; namespace: string }[];
      };
      assert.deepEqual(subjects, [
        { kind: "ServiceAccount", name: pod.serviceAccountName, namespace: "berth-system" },
      ]);
      return `${binding.metadata.namespace ?? ""} ${roleRef.kind} ${roleRef.name}`.trim();
    });
  assert.deepEqual(bound, [
    "ClusterRole system:kube-scheduler",
    "ClusterRole system:volume-scheduler",
    "kube-system Role extension-apiserver-authentication-reader",
    "berth-system Role berth-kube-scheduler",
  ]);
});

test("of the extender's Secret the authority's certificate is mounted, and no key", () => {
  const mounts = new Map(container.volumeMounts.map(({ name, mountPath }) => [name, mountPath]));
  const secrets = pod.volumes.filter(({ secret }) => secret !== undefined);
  assert.deepEqual(secrets, [
    {
      name: "extender",
      secret: { secretName: "berth-scheduler-extender-tls", items: [{ key: "ca.crt", path: "ca.crt" }] },
    },
  ]);
  assert.equal(configuration.extenders[0].tlsConfig.caFile, `${mounts.get("extender")}/ca.crt`);
  assert.ok(container.args.includes(`--config=${mounts.get("configuration")}/configuration.yaml`));
});

test("its image is of the version that the suite runs, and it has no more rights on its node than it needs", () => {
  assert.equal(container.image, `registry.k8s.io/kube-scheduler:${kubernetesVersion()}`);
  assert.equal(pod.securityContext.runAsNonRoot, true);
  assert.deepEqual(pod.securityContext.seccompProfile, { type: "RuntimeDefault" });
  assert.deepEqual(container.securityContext, {
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ["ALL"] },
  });
  assert.ok(!("hostNetwork" in pod));
});
