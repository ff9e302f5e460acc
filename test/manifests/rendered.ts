// What kubectl makes of a kustomization: by the program itself, where the e2e suite has built it.

import { spawnSync } from "node:child_process";
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { parseAllDocuments } from "yaml";
import { MANIFESTS, type Manifest } from "./manifest-files.ts";

const FOLDER = fileURLToPath(MANIFESTS);

/**
 * The objects of a folder under manifests/, in kubectl's order.
 *
 * @throws Error with kubectl's words if the folder does not compile.
 */
export function rendered(kubectl: string, folder: string): readonly Manifest[] {
  return renderedFrom(kubectl, join(FOLDER, folder));
}

/** The base with components, as a kustomization of an operator's own in another place has them. */
export function renderedWith(
  kubectl: string,
  components: readonly string[],
  extra: object = {},
): readonly Manifest[] {
  const own = realpathSync(mkdtempSync(join(tmpdir(), "berth-kustomize-")));
  try {
    // kustomize takes no absolute paths.
    const path = (name: string): string => relative(own, join(realpathSync(FOLDER), name));
    const kustomization = {
      apiVersion: "kustomize.config.k8s.io/v1beta1",
      kind: "Kustomization",
      resources: [path("base")],
      components: components.map((name) => path(`components/${name}`)),
      ...extra,
    };
    writeFileSync(join(own, "kustomization.yaml"), JSON.stringify(kustomization));
    return renderedFrom(kubectl, own);
  } finally {
    rmSync(own, { recursive: true });
  }
}

function renderedFrom(kubectl: string, folder: string): readonly Manifest[] {
  const { status, stdout, stderr } = spawnSync(kubectl, ["kustomize", folder], {
    encoding: "utf8",
    maxBuffer: 16 * 1024 ** 2,
  });
  if (status !== 0) throw new Error(`kubectl kustomize ${folder}: ${stderr}`);
  return parseAllDocuments(stdout).map((document) => document.toJS() as Manifest);
}
