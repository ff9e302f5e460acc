// The browser's modules, from the first one along its imports: types blanked out, and every import turned into the name
// that the imported module is served by. A module's name holds a hash of its content, names of what it imports included,
// so that a browser may keep it for ever. No bundler: what is served is the sources, file by file.

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export interface BrowserModule {
  /** What it is served by; starts with the source's own name, for people who debug. */
  readonly name: string;
  readonly source: string;
}

const WEB = fileURLToPath(new URL("..", import.meta.url));
const MODEL = fileURLToPath(new URL("../../model/", import.meta.url));
/** Of a source: `.ts` in the repository and the image, `.js` in the published package. */
const SUFFIX = import.meta.url.slice(import.meta.url.lastIndexOf("."));
const ENTRY = join(WEB, "browser", `main${SUFFIX}`);
/** Packages that the browser gets, by the one file of each that has all of it. */
const PACKAGES: Readonly<Record<string, string>> = {
  preact: import.meta.resolve("preact"),
  "preact/hooks": import.meta.resolve("preact/hooks"),
  uplot: import.meta.resolve("uplot/dist/uPlot.iife.min.js"),
};
/** uPlot's module has all its comments in it; its small build is a script, made a module by what it lacks: half the bytes. */
const EXPORTS: Readonly<Record<string, string>> = { "uPlot.iife.min.js": "export default uPlot;" };
/** Import and export statements from another module, as formatted sources and minified packages write them. */
const IMPORTS = /((?:^|[\n;}])\s*(?:import|export)(?:\s*[\w*{][^"';()]*?\bfrom)?\s*)"([^"\n]+)"/g;

/**
 * All modules; the first one's name is `entry`.
 *
 * @throws Error for an import that leads nowhere in the browser: a fault of the source, found by its test.
 */
export function browserModules(): {
  readonly entry: string;
  readonly modules: ReadonlyMap<string, BrowserModule>;
} {
  const byFile = new Map<string, BrowserModule>();
  const entry = include(ENTRY);
  return { entry: entry.name, modules: new Map([...byFile.values()].map((module) => [module.name, module])) };

  // Imports make no circles (tools/laws), so that what a module imports has its name before it.
  function include(file: string): BrowserModule {
    const known = byFile.get(file);
    if (known !== undefined) return known;
    const text = readFileSync(file, "utf8");
    const plain = file.endsWith(".ts")
      ? quietly(() => stripTypeScriptTypes(text))
      : text.replace(SOURCE_MAP, "") + (EXPORTS[basename(file)] ?? "");
    const source = plain.replaceAll(IMPORTS, (_, keyword: string, specifier: string) => {
      return `${keyword}"./${include(resolve(specifier, file)).name}"`;
    });
    const hash = createHash("sha256").update(source).digest("base64url").slice(0, HASH_LENGTH);
    const module = { name: `${basename(file).replace(/\.[cm]?[jt]s$/, "")}.${hash}.js`, source };
    byFile.set(file, module);
    return module;
  }
}

const HASH_LENGTH = 12;
/** Packages name source maps that are not served. */
const SOURCE_MAP = /\n?\/\/# sourceMappingURL=\S+\s*$/;

// Node says at its first use that the function is experimental; whoever runs the UI can do nothing about it.
function quietly<T>(act: () => T): T {
  const { emitWarning } = process;
  process.emitWarning = () => undefined;
  try {
    return act();
  } finally {
    process.emitWarning = emitWarning;
  }
}

function resolve(specifier: string, from: string): string {
  if (specifier.startsWith(".")) return join(dirname(from), specifier);
  if (specifier.startsWith("#web/")) return join(WEB, specifier.slice("#web/".length));
  if (specifier.startsWith("#model/")) return join(MODEL, specifier.slice("#model/".length));
  const url = PACKAGES[specifier];
  if (url === undefined) throw new Error(`${from} imports ${specifier}, which is not served to browsers`);
  return fileURLToPath(url);
}
