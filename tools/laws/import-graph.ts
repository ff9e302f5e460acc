// Who imports whom: every file read, every specifier resolved.

import { existsSync, readFileSync } from "node:fs";
import { builtinModules } from "node:module";
import { join, posix } from "node:path";
import { importsOf, type ImportSite } from "./imports-of.ts";
import { PROJECT_ROOT, typeScriptFiles } from "./project-files.ts";
import { type Token, tokensOf } from "./source-tokens.ts";

export interface ImportGraph {
  readonly files: readonly SourceFile[];
  readonly arrows: readonly Arrow[];
  /** What could not be read or resolved, one sentence each. */
  readonly problems: readonly string[];
}

/** A scorer of one's own is named when the program runs; nothing of the project is imported so. */
const LOADS_THE_USERS_MODULES = "sim/scenario/scorer.ts";

interface SourceFile {
  readonly path: string;
  readonly tokens: readonly Token[];
}

export interface Arrow {
  readonly from: string;
  readonly to: Target;
  readonly kind: ImportSite["kind"];
  readonly line: number;
}

type Target =
  | { readonly kind: "file"; readonly path: string }
  | { readonly kind: "package"; readonly name: string; readonly isForDevelopment: boolean }
  | { readonly kind: "builtin"; readonly name: string };

export function readImportGraph(root = PROJECT_ROOT): ImportGraph {
  const paths = typeScriptFiles(root);
  const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as Manifest;
  return importGraph({
    manifest,
    sources: paths.map((path) => ({ path, source: readFileSync(join(root, path), "utf8") })),
    hasOtherFile: (path) => !/\.[cm]?tsx?$/.test(path) && existsSync(join(root, path)),
  });
}

export interface GraphInput {
  readonly manifest: Manifest;
  readonly sources: readonly { readonly path: string; readonly source: string }[];
  /** Files that are no TypeScript, such as JSON. */
  readonly hasOtherFile: (path: string) => boolean;
}

export interface Manifest {
  readonly imports?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

export function importGraph({ manifest, sources, hasOtherFile }: GraphInput): ImportGraph {
  const known = new Set(sources.map(({ path }) => path));
  const files: SourceFile[] = [];
  const arrows: Arrow[] = [];
  const problems: string[] = [];
  for (const { path, source } of sources) {
    try {
      const tokens = tokensOf(source);
      files.push({ path, tokens });
      for (const { kind, specifier, line } of importsOf(tokens)) {
        if (specifier === undefined && path === LOADS_THE_USERS_MODULES) continue;
        const to = specifier === undefined ? "is not a string literal" : resolve(path, specifier);
        if (typeof to === "string") problems.push(`${path}:${line}: the import ${to}`);
        else arrows.push({ from: path, to, kind, line });
      }
    } catch (error) {
      problems.push(`${path}: ${(error as Error).message}`);
    }
  }
  return { files, arrows, problems };

  function resolve(from: string, specifier: string): Target | string {
    if (specifier.startsWith("node:")) return resolveBuiltin(specifier);
    const path = specifier.startsWith("#")
      ? expandSubpath(specifier, manifest.imports ?? {})
      : specifier.startsWith(".")
        ? posix.join(posix.dirname(from), specifier)
        : undefined;
    if (path === undefined) return resolvePackage(specifier, manifest);
    if (known.has(path) || hasOtherFile(path)) return { kind: "file", path };
    return `of ${specifier} leads to no file that git knows`;
  }
}

function resolveBuiltin(specifier: string): Target | string {
  const name = specifier.slice("node:".length);
  const isKnown = builtinModules.includes(name) || builtinModules.includes(specifier);
  return isKnown ? { kind: "builtin", name } : `of ${specifier} leads to no module of Node`;
}

// package.json "imports": `#model/*` → `./model/*`.
function expandSubpath(specifier: string, imports: Readonly<Record<string, string>>): string {
  for (const [pattern, target] of Object.entries(imports)) {
    const [prefix = "", suffix] = pattern.split("*");
    if (suffix === undefined && specifier === pattern) return posix.normalize(target);
    if (suffix === undefined || !specifier.startsWith(prefix) || !specifier.endsWith(suffix)) continue;
    const rest = specifier.slice(prefix.length, specifier.length - suffix.length);
    return posix.normalize(target.replace("*", rest));
  }
  return specifier;
}

function resolvePackage(specifier: string, manifest: Manifest): Target | string {
  const name = specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/");
  if (manifest.dependencies?.[name] !== undefined) return { kind: "package", name, isForDevelopment: false };
  if (manifest.devDependencies?.[name] !== undefined)
    return { kind: "package", name, isForDevelopment: true };
  if (builtinModules.includes(name)) return `of ${specifier} should be written node:${specifier}`;
  return `of ${specifier} leads to no dependency of package.json`;
}
