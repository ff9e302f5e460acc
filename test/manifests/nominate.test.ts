import assert from "node:assert/strict";
import { test } from "node:test";
import { parseAllDocuments, parse } from "yaml";
import { readFileSync } from "node:fs";
import { baseObject, baseObjectsOf, kustomization, type Manifest, readYaml } from "./manifest-files.ts";
import { containerOf, extenderSettings, type Workload } from "./workload.ts";

const COMPONENT = "components/nominate";
const extender = baseObject<Workload>("Deployment", "berth-scheduler-extender");

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}

interface Component {
  readonly kind: string;
  readonly resources: readonly string[];
  readonly patches: readonly [
    { readonly target: { readonly kind: string; readonly name: string }; readonly patch: string },
  ];
}

const component = readYaml(`${COMPONENT}/kustomization.yaml`) as Component;
const [role, binding] = parseAllDocuments(
  readFileSync(new URL(`../../manifests/${COMPONENT}/rbac.yaml`, import.meta.url), "utf8"),
).map((document) => document.toJS() as unknown) as [
  Manifest & { readonly rules: readonly Rule[] },
  Manifest & {
    readonly roleRef: { readonly kind: string; readonly name: string };
    readonly subjects: readonly { readonly name: string; readonly namespace: string }[];
  },
];

function rightsIn(rules: readonly Rule[]): readonly string[] {
  return rules.flatMap(({ apiGroups, resources, verbs }) =>
    resources.flatMap((resource) => verbs.map((verb) => `${verb} ${String(apiGroups)}/${resource}`)),
  );
}

test("the overlay is the base and the component, and the component's files are all listed", () => {
  const overlay = readYaml("overlays/nominate/kustomization.yaml") as { components: readonly string[] };
  assert.deepEqual(kustomization("overlays/nominate").resources, ["../../base"]);
  assert.deepEqual(overlay.components, ["../../components/nominate"]);
  assert.equal(component.kind, "Component");
  assert.deepEqual(component.resources, ["rbac.yaml"]);
});

test("the base is in score mode, the component's argument makes it nominate mode", () => {
  const container = containerOf(extender);
  assert.equal(extenderSettings(container).mode, "score");
  const [{ target, patch }] = component.patches;
  assert.deepEqual(target, { kind: "Deployment", name: extender.metadata.name });
  const [operation] = parse(patch) as readonly { op: string; path: string; value: string }[];
  assert.equal(`${operation?.op} ${operation?.path}`, "add /spec/template/spec/containers/0/args/-");
  const args = [...container.args, operation?.value ?? ""];
  assert.equal(extenderSettings({ ...container, args }).mode, "nominate");
});

test("nominate mode may patch pods and their status, and score mode may not", () => {
  const rights = rightsIn(role.rules);
  assert.deepEqual(rights, ["patch /pods", "patch /pods/status"]);
  const base = baseObjectsOf<Manifest & { rules: readonly Rule[] }>("ClusterRole")
    .filter(({ metadata }) => metadata.name === extender.metadata.name)
    .flatMap(({ rules }) => rightsIn(rules));
  assert.ok(base.length > 5);
  assert.ok(!base.includes("patch /pods") && !base.includes("patch /pods/status"));
});

test("the rights are the extender's and nobody else's", () => {
  assert.equal(binding.roleRef.name, role.metadata.name);
  const { serviceAccountName } = extender.spec.template.spec;
  assert.deepEqual(binding.subjects, [
    { kind: "ServiceAccount", name: serviceAccountName, namespace: extender.metadata.namespace },
  ]);
});
