import assert from "node:assert/strict";
import { test } from "node:test";
import { baseObject, baseObjectsOf, type Manifest } from "./manifest-files.ts";
import { STATE_NAME, STATE_SHARDS } from "#vpa-recommender/shell/cluster-state.ts";
import { workloads } from "./workload.ts";

interface Role extends Manifest {
  readonly rules: readonly Rule[];
}

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
}

interface Binding extends Manifest {
  readonly roleRef: { readonly apiGroup: string; readonly kind: string; readonly name: string };
  readonly subjects: readonly { readonly kind: string; readonly name: string; readonly namespace: string }[];
}

/** A right that a component has: one verb on one resource, perhaps of one name. */
interface Right {
  readonly role: Role;
  readonly resource: string;
  readonly verb: string;
  readonly rule: Rule;
}

const roles = [...baseObjectsOf<Role>("Role"), ...baseObjectsOf<Role>("ClusterRole")];
const bindings = [...baseObjectsOf<Binding>("RoleBinding"), ...baseObjectsOf<Binding>("ClusterRoleBinding")];
const accounts = baseObjectsOf("ServiceAccount").map(({ metadata }) => metadata.name);

const rights: readonly Right[] = roles.flatMap((role) =>
  role.rules.flatMap((rule) =>
    rule.resources.flatMap((resource) => rule.verbs.map((verb) => ({ role, resource, verb, rule }))),
  ),
);

test("every binding joins a role that is there with a service account that is there", () => {
  assert.ok(bindings.length > 0);
  for (const { kind, metadata, roleRef, subjects } of bindings) {
    assert.equal(kind, `${roleRef.kind}Binding`, metadata.name);
    assert.equal(roleRef.apiGroup, "rbac.authorization.k8s.io");
    const role = baseObject(roleRef.kind, roleRef.name);
    assert.equal(role.metadata.namespace, metadata.namespace);
    // One each: a role that two components share is wider than either needs.
    assert.equal(subjects.length, 1, metadata.name);
    for (const subject of subjects) {
      assert.deepEqual(
        { ...subject, name: "" },
        { kind: "ServiceAccount", name: "", namespace: "berth-system" },
      );
      assert.ok(accounts.includes(subject.name), subject.name);
      assert.equal(subject.name, metadata.name);
    }
  }
});

test("the recommender may touch the ConfigMaps that its state is dealt into, and no others", () => {
  const own = rights.filter(({ resource }) => resource === "configmaps");
  const names = Array.from({ length: STATE_SHARDS }, (_, shard) => `${STATE_NAME}-${shard}`);
  assert.deepEqual(
    own.map(({ role, verb, rule }) => [role.metadata.name, verb, rule.resourceNames]),
    [
      ["berth-vpa-recommender", "create", undefined],
      ["berth-vpa-recommender", "get", names],
      ["berth-vpa-recommender", "patch", names],
    ],
  );
});

test("every role is bound, and every service account is some pod's", () => {
  const bound = bindings.map(({ roleRef }) => `${roleRef.kind} ${roleRef.name}`);
  assert.deepEqual(bound.sort(), roles.map(({ kind, metadata }) => `${kind} ${metadata.name}`).sort());
  const used = workloads().map(({ spec }) => spec.template.spec.serviceAccountName);
  assert.deepEqual(used.sort(), [...accounts].sort());
});

test("nobody may do everything, to anything, in any group; nor delete other than EndpointSlices, nor take another's place", () => {
  assert.ok(rights.length > 20);
  const verbs = new Set(["get", "list", "watch", "create", "update", "patch"]);
  for (const { role, resource, verb, rule } of rights) {
    const what = `${role.kind} ${role.metadata.name}: ${verb} ${resource}`;
    assert.ok(verbs.has(verb) || `${verb} ${resource}` === "delete endpointslices", what);
    assert.match(resource, /^[a-z]+(\/[a-z]+)?$/, what);
    assert.equal(rule.apiGroups.length, 1, what);
    assert.ok(!rule.apiGroups.includes("*"), what);
    assert.ok(rule.resourceNames === undefined || rule.resourceNames.length > 0, what);
  }
});

test("no right is granted twice to the same component", () => {
  const keys = rights.map(
    ({ role, resource, verb, rule }) =>
      `${role.metadata.name}: ${verb} ${resource}.${String(rule.apiGroups)} ${String(rule.resourceNames)}`,
  );
  assert.deepEqual(keys, [...new Set(keys)]);
});

test("the one Secret that anyone may read is the extender's own", () => {
  const secrets = rights.filter(({ resource }) => resource.startsWith("secrets"));
  assert.ok(secrets.length > 0);
  for (const { role, rule, verb } of secrets) {
    assert.equal(`${role.kind} ${role.metadata.name}`, "Role berth-scheduler-extender");
    assert.deepEqual(rule.resourceNames, ["berth-scheduler-extender-tls"]);
    assert.ok(["get", "update"].includes(verb), verb);
  }
  assert.equal(
    baseObject<Manifest & { type: string }>("Secret", "berth-scheduler-extender-tls").type,
    "Opaque",
  );
});

test("pods are changed in berth-system only: labelled by the extender, resized and annotated by the recommender", () => {
  const changes = rights
    .filter(({ resource, verb }) => resource.startsWith("pods") && !["get", "list", "watch"].includes(verb))
    .map(({ role, resource, verb }) => `${role.kind} ${role.metadata.name} ${verb} ${resource}`);
  assert.deepEqual(changes, [
    "Role berth-scheduler-extender patch pods",
    "Role berth-vpa-recommender patch pods/resize",
    "Role berth-vpa-recommender patch pods",
  ]);
});

test("what a role names is there, or the component makes it: its Lease, or the ConfigMaps of its state", () => {
  const kinds = new Map([
    ["secrets", "Secret"],
    ["mutatingwebhookconfigurations", "MutatingWebhookConfiguration"],
  ]);
  for (const { role, resource, rule } of rights) {
    // A test of their own holds these to the code.
    if (resource === "configmaps") continue;
    for (const name of rule.resourceNames ?? []) {
      const kind = kinds.get(resource);
      if (kind === undefined) assert.equal(`${resource} ${name}`, `leases ${role.metadata.name}`);
      else baseObject(kind, name);
    }
  }
});

test("rights in the whole cluster are to look; to change there are profiles, EndpointSlices, what VPAs are told and one webhook configuration, to tell there are Events", () => {
  const changes = rights
    .filter(({ role, verb }) => role.kind === "ClusterRole" && !["get", "list", "watch"].includes(verb))
    .map(({ role, resource, verb, rule }) =>
      `${role.metadata.name} ${verb} ${resource} ${rule.resourceNames ?? ""}`.trim(),
    );
  assert.deepEqual(changes, [
    "berth-scheduler-extender create events",
    "berth-scheduler-extender create meshprofiles",
    "berth-scheduler-extender patch meshprofiles",
    "berth-scheduler-extender patch meshprofiles/status",
    "berth-scheduler-extender create endpointslices",
    "berth-scheduler-extender update endpointslices",
    "berth-scheduler-extender delete endpointslices",
    "berth-scheduler-extender patch mutatingwebhookconfigurations berth",
    "berth-vpa-recommender patch meshprofiles/status",
    "berth-vpa-recommender patch nodeproxyautoscalers/status",
    "berth-vpa-recommender patch verticalpodautoscalers/status",
    "berth-vpa-recommender create verticalpodautoscalercheckpoints",
    "berth-vpa-recommender patch verticalpodautoscalercheckpoints",
  ]);
});
