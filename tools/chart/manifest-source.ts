// The kustomize base and its components as the chart's source: their objects by file, and what components patch.

import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { parse, parseAllDocuments } from "yaml";
import type { ObjectPatch, Tree } from "./patched-objects.ts";

const MANIFESTS = new URL("../../manifests/", import.meta.url);

export interface SourceFile {
  /** Without its ending. */
  readonly name: string;
  readonly objects: readonly Tree[];
}

/** Files of the base, in kustomize's order, without the custom resources. */
export function baseFiles(): readonly SourceFile[] {
  return kustomizationOf("base")
    .resources.filter((file) => !file.startsWith("../"))
    .map((file) => sourceFile("base", file));
}

export interface Component {
  readonly files: readonly SourceFile[];
  readonly patches: readonly ObjectPatch[];
}

export function component(name: string): Component {
  const folder = `components/${name}`;
  const { resources = [], patches = [], ...generated } = kustomizationOf(folder);
  return {
    files: [...resources.map((file) => sourceFile(folder, file)), ...configMaps(folder, generated)],
    patches: patches.map(({ target, patch }) => {
      const parsed = parse(patch) as ObjectPatch["patch"];
      return target === undefined ? { patch: parsed } : { target, patch: parsed };
    }),
  };
}

interface Kustomization extends Generators {
  readonly resources: readonly string[];
  readonly patches?: readonly {
    readonly target?: NonNullable<ObjectPatch["target"]>;
    readonly patch: string;
  }[];
}

interface Generators {
  readonly generatorOptions?: { readonly labels?: Readonly<Record<string, string>> };
  readonly configMapGenerator?: readonly {
    readonly name: string;
    readonly namespace: string;
    readonly files: readonly string[];
  }[];
}

// One template each, since a dashboard is long.
function configMaps(
  folder: string,
  { generatorOptions: { labels = {} } = {}, configMapGenerator = [] }: Generators,
): readonly SourceFile[] {
  return configMapGenerator.map(({ name, namespace, files }) => {
    const data = Object.fromEntries(files.map((file) => [basename(file), textOf(`${folder}/${file}`)]));
    const metadata = { name, namespace, labels };
    return { name, objects: [{ apiVersion: "v1", kind: "ConfigMap", metadata, data }] };
  });
}

function kustomizationOf(folder: string): Kustomization {
  return parse(textOf(`${folder}/kustomization.yaml`)) as Kustomization;
}

function sourceFile(folder: string, file: string): SourceFile {
  const objects = parseAllDocuments(textOf(`${folder}/${file}`)).map((document) => document.toJS() as Tree);
  return { name: file.replace(/\.yaml$/, ""), objects };
}

function textOf(path: string): string {
  return readFileSync(new URL(path, MANIFESTS), "utf8");
}
