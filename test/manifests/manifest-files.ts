// The manifests as kubectl reads them: every document of every file that the kustomization lists.

import { readdirSync, readFileSync } from "node:fs";
import { parseAllDocuments, parseDocument, type Document } from "yaml";

export const MANIFESTS = new URL("../../manifests/", import.meta.url);

/** What all objects of the API have; a test that wants more says which kind it asked for. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
  };
}

interface Kustomization {
  readonly resources: readonly string[];
}

/** @throws Error with file and place for anything that is not plain YAML. */
export function kustomization(folder: string): Kustomization {
  return readYaml(`${folder}/kustomization.yaml`) as Kustomization;
}

/** YAML files of the folder beside its kustomization. */
export function filesIn(folder: string): readonly string[] {
  return readdirSync(new URL(`${folder}/`, MANIFESTS)).filter((name) => name !== "kustomization.yaml");
}

/** The one document of a file under manifests/. */
export function readYaml(path: string): unknown {
  return valueOf(parseDocument(textOf(path)), path);
}

/** What `kubectl apply -k manifests/base` applies, but for the definitions of custom resources. */
export function baseObjects(): readonly Manifest[] {
  return filesIn("base").flatMap((file) => objectsIn(`base/${file}`));
}

/** The objects of one kind, as the caller's type of that kind. */
export function baseObjectsOf<T extends Manifest>(kind: string): readonly T[] {
  return baseObjects().filter((object): object is T => object.kind === kind);
}

/** @throws Error if there is no such object. */
export function baseObject<T extends Manifest>(kind: string, name: string): T {
  const found = baseObjectsOf<T>(kind).find(({ metadata }) => metadata.name === name);
  if (found === undefined) throw new Error(`manifests/base has no ${kind} ${name}`);
  return found;
}

/** Every document of a file under manifests/. */
export function objectsIn(path: string): readonly Manifest[] {
  return (parseAllDocuments(textOf(path)) as readonly Document[]).map(
    (document) => valueOf(document, path) as Manifest,
  );
}

function textOf(path: string): string {
  return readFileSync(new URL(path, MANIFESTS), "utf8");
}

function valueOf(document: Document, path: string): unknown {
  const [trouble] = [...document.errors, ...document.warnings];
  if (trouble !== undefined) throw new Error(`${path}: ${trouble.message}`);
  return document.toJS();
}
