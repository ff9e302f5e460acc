// The kustomize base and its components as the chart's source: their objects by file, and what components patch.

import { readFileSync } from "node:fs";
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
  const { resources = [], patches = [] } = kustomizationOf(folder);
  return {
    files: resources.map((file) => sourceFile(folder, file)),
    patches: patches.map(({ target, patch }) => {
      const parsed = parse(patch) as ObjectPatch["patch"];
      return target === undefined ? { patch: parsed } : { target, patch: parsed };
    }),
  };
}

interface Kustomization {
  readonly resources: readonly string[];
  readonly patches?: readonly {
    readonly target?: NonNullable<ObjectPatch["target"]>;
    readonly patch: string;
  }[];
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
