import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { parseAllDocuments } from "yaml";
import { ROOT } from "#tools/image/image-content.ts";
import { baseObjects, type Manifest } from "#test/manifests/manifest-files.ts";
import { installYaml } from "./install-yaml.ts";

test("install.yaml has the objects of manifests/base as they stand there, after their definitions", () => {
  const objects = parseAllDocuments(installYaml(join(ROOT, "manifests/base"))).map(
    (document) => document.toJS() as Manifest,
  );
  const isDefinition = ({ kind }: Manifest): boolean => kind === "CustomResourceDefinition";
  assert.deepEqual(
    objects
      .filter((object) => !isDefinition(object))
      .map(keyOf)
      .sort(),
    baseObjects().map(keyOf).sort(),
  );
  assert.deepEqual(
    objects.find(({ kind }) => kind === "DaemonSet"),
    baseObjects().find(({ kind }) => kind === "DaemonSet"),
  );
  assert.ok(objects.filter(isDefinition).length >= 2);
  assert.ok(objects.slice(0, objects.filter(isDefinition).length).every(isDefinition));
});

test("a kustomization that changes what it lists is not made one plain file", (t) => {
  const folder = mkdtempSync(join(tmpdir(), "berth-install-yaml-"));
  t.after(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, "kustomization.yaml"), "resources: []\nimages: [{name: berth, newTag: x}]\n");
  assert.throws(() => installYaml(folder), /images would be lost/);
});

function keyOf({ kind, metadata }: Manifest): string {
  return `${kind}/${metadata.name}`;
}
