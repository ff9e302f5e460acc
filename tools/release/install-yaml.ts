// One file that `kubectl apply -f` takes: all that manifests/base lists, in its order. The base changes none of its files,
// so that setting them behind each other is what kustomize makes of them.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse, parseAllDocuments } from "yaml";

interface Kustomization {
  readonly resources: readonly string[];
}

/** What a kustomization may say beside `resources` without changing them. */
const HEADER: ReadonlySet<string> = new Set(["apiVersion", "kind", "resources"]);

/**
 * The text, one document per object.
 *
 * @param folder of a kustomization that does nothing but list resources, as do those it lists.
 * @throws Error naming the file if one of them does more: kustomize alone could tell what comes of it.
 */
export function installYaml(folder: string): string {
  return files(folder)
    .flatMap((path) => documents(path))
    .join("---\n");
}

function files(folder: string): readonly string[] {
  const path = join(folder, "kustomization.yaml");
  const kustomization = parse(readFileSync(path, "utf8")) as Kustomization;
  const more = Object.keys(kustomization).filter((key) => !HEADER.has(key));
  if (more.length > 0) throw new Error(`${path}: ${more.join(", ")} would be lost in one plain file`);
  return kustomization.resources.flatMap((name) =>
    name.endsWith(".yaml") ? [join(folder, name)] : files(join(folder, name)),
  );
}

function documents(path: string): readonly string[] {
  return parseAllDocuments(readFileSync(path, "utf8")).map((document) => {
    const [trouble] = document.errors;
    if (trouble !== undefined) throw new Error(`${path}: ${trouble.message}`);
    return document.toString({ directives: false, lineWidth: 0 });
  });
}
