import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { kubernetesVersion } from "../e2e/tool-binaries.ts";
import {
  featureStage,
  KUBERNETES_FEATURES,
  type KubernetesFeatureName,
  MINOR_NEWEST,
  MINOR_OLDEST,
} from "#model/kubernetes-features.ts";
import { ROOT } from "./documents.ts";

test("the guide's table says of each feature and version what the components go by", () => {
  const text = readFileSync(join(ROOT, "docs/guides/kubernetes-versions.md"), "utf8");
  const minors = Array.from({ length: MINOR_NEWEST - MINOR_OLDEST + 1 }, (_, index) => MINOR_OLDEST + index);
  const row = (cells: readonly string[]): string => `| ${cells.join(" | ")} |\n`;
  const rows = (Object.keys(KUBERNETES_FEATURES) as readonly KubernetesFeatureName[]).map((key) => {
    const { name, gate, without } = KUBERNETES_FEATURES[key];
    return row([`${name} (\`${gate}\`)`, ...minors.map((minor) => featureStage(key, minor)), without]);
  });
  const rule = `|${"---|".repeat(minors.length + 2)}\n`;
  const heading = `| | ${minors.map((minor) => `1.${minor} | `).join("")}where it is missing |\n`;
  assert.ok(text.includes(`${heading}${rule}${rows.join("")}`), `${heading}${rule}${rows.join("")}`);
  assert.ok(text.includes(`of ${kubernetesVersion().slice(1)}.`), "the version that was tried");
  assert.equal(kubernetesVersion().split(".")[1], String(MINOR_NEWEST));
});
