import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { parseAllDocuments } from "yaml";
import { crdFiles } from "#tools/crds/crd-files.ts";
import { baseObjects, filesIn, kustomization, type Manifest, MANIFESTS } from "./manifest-files.ts";

const OF_NO_COMPONENT: ReadonlySet<string> = new Set(["Namespace", "PriorityClass"]);
const CLUSTER_SCOPED: ReadonlySet<string> = new Set([
  ...OF_NO_COMPONENT,
  "ClusterRole",
  "ClusterRoleBinding",
  "MutatingWebhookConfiguration",
]);
const COMPONENTS: ReadonlySet<string> = new Set(["scheduler-extender", "vpa-recommender", "proxy"]);

test("manifests/base applies every file beside it, the custom resources, and nothing else", () => {
  const { resources } = kustomization("base");
  assert.deepEqual([...resources].sort(), ["../crds", ...filesIn("base")].sort());
});

test("manifests/crds applies every definition there is", () => {
  assert.deepEqual(kustomization("crds").resources, [...crdFiles().keys()]);
});

test("what needs the namespace comes after it", () => {
  const { resources } = kustomization("base");
  assert.equal(
    resources.find((name) => name !== "../crds"),
    "namespace.yaml",
  );
});

test("no object stands there twice, and all that can be are in berth-system", () => {
  const objects = baseObjects();
  assert.ok(objects.length > 15);
  const keys = objects.map(({ kind, metadata }) => `${kind}/${metadata.name}`);
  assert.deepEqual(keys, [...new Set(keys)]);
  for (const { kind, metadata } of objects) {
    const namespace = CLUSTER_SCOPED.has(kind) ? undefined : "berth-system";
    assert.equal(metadata.namespace, namespace, `${kind} ${metadata.name}`);
  }
});

test("every object says that it is part of Berth, and of which component", () => {
  for (const { kind, metadata } of baseObjects()) {
    const what = `${kind} ${metadata.name}`;
    const component = metadata.labels?.["app.kubernetes.io/component"];
    assert.equal(metadata.labels?.["app.kubernetes.io/part-of"], "berth", what);
    if (OF_NO_COMPONENT.has(kind)) {
      assert.equal(component, undefined, what);
      assert.equal(metadata.labels?.["app.kubernetes.io/name"], "berth", what);
    } else {
      assert.ok(component !== undefined && COMPONENTS.has(component), what);
      assert.equal(metadata.labels?.["app.kubernetes.io/name"], `berth-${component}`, what);
    }
  }
});

test("the label by which a rollback leaves the definitions alone is on everything but those", () => {
  const files = readdirSync(MANIFESTS, { recursive: true, encoding: "utf8" })
    .filter((path) => /^(base|components)\/.*\.yaml$/.test(path) && !path.endsWith("kustomization.yaml"))
    .map((path) => [path, readFileSync(new URL(path, MANIFESTS), "utf8")] as const);
  let read = 0;
  for (const [path, text] of files) {
    for (const { kind, metadata } of parseAllDocuments(text).map((document) => document.toJS() as Manifest)) {
      read++;
      assert.equal(metadata.labels?.["app.kubernetes.io/part-of"], "berth", `${path}: ${kind}`);
    }
  }
  assert.ok(read > 40, `${read} objects`);
  for (const text of crdFiles().values()) assert.ok(!text.includes("app.kubernetes.io/part-of"));
});

test("the namespace lets a pod use its node's network", () => {
  const namespace = baseObjects().find(({ kind }) => kind === "Namespace");
  assert.equal(namespace?.metadata.name, "berth-system");
  assert.equal(namespace.metadata.labels?.["pod-security.kubernetes.io/enforce"], "privileged");
});
