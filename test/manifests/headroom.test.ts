import assert from "node:assert/strict";
import { test } from "node:test";
import { readFileSync } from "node:fs";
import { parse, parseAllDocuments } from "yaml";
import { baseObject, kustomization, type Manifest, readYaml } from "./manifest-files.ts";
import { containerOf, extenderSettings, type Workload } from "./workload.ts";

const COMPONENT = "components/headroom";
const extender = baseObject<Workload>("Deployment", "berth-scheduler-extender");
const component = readYaml(`${COMPONENT}/kustomization.yaml`) as {
  readonly resources: readonly string[];
  readonly patches: readonly [{ readonly patch: string }];
};
const [role, binding] = parseAllDocuments(
  readFileSync(new URL(`../../manifests/${COMPONENT}/rbac.yaml`, import.meta.url), "utf8"),
).map((document) => document.toJS() as unknown) as [
  Manifest & {
    readonly rules: readonly { readonly resources: readonly string[]; readonly verbs: readonly string[] }[];
  },
  Manifest & {
    readonly roleRef: { readonly name: string };
    readonly subjects: readonly { readonly name: string }[];
  },
];

test("the overlay is the base and the component, and the component's files are all listed", () => {
  const overlay = readYaml("overlays/headroom/kustomization.yaml") as { components: readonly string[] };
  assert.deepEqual(kustomization("overlays/headroom").resources, ["../../base"]);
  assert.deepEqual(overlay.components, ["../../components/headroom"]);
  assert.deepEqual(component.resources, ["priority-class.yaml", "rbac.yaml"]);
});

test("the base makes no headroom pods, the component's argument does", () => {
  const container = containerOf(extender);
  assert.equal(extenderSettings(container).headroomPods, 0);
  const [operation] = parse(component.patches[0].patch) as readonly { value: string }[];
  const settings = extenderSettings({ ...container, args: [...container.args, operation?.value ?? ""] });
  assert.equal(settings.headroomPods, 20);
});

test("headroom gives way to every pod without a priority, preempts nobody, and is not too low for Cluster Autoscaler", () => {
  const priority = readYaml(`${COMPONENT}/priority-class.yaml`) as Manifest & {
    readonly value: number;
    readonly preemptionPolicy: string;
  };
  assert.equal(priority.metadata.name, extenderSettings(containerOf(extender)).headroomPriorityClass);
  assert.ok(priority.value < 0 && priority.value >= -10);
  assert.equal(priority.preemptionPolicy, "Never");
});

test("headroom takes the rights to read, make and delete pods, and they are the extender's", () => {
  assert.deepEqual(
    role.rules.map(({ resources, verbs }) => [...resources, ...verbs]),
    [["pods", "get", "create", "delete"]],
  );
  assert.equal(binding.roleRef.name, role.metadata.name);
  assert.deepEqual(
    binding.subjects.map(({ name }) => name),
    [extender.spec.template.spec.serviceAccountName],
  );
});
