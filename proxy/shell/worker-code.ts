// An instance's code as plain JavaScript. Node strips types in every thread anew, with a compiler that
// takes 13 MB of each; the host strips them once and hands the result to its workers.

import { readFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";

export interface WorkerCode {
  /** URL of the module to run. */
  readonly entry: string;
  /** The text of every module of ours that it needs, by URL. */
  readonly sources: Readonly<Record<string, string>>;
  /** The URLs of the package's subpaths that they import. */
  readonly subpaths: Readonly<Record<string, string>>;
}

/** Its subpaths are its folders: `#model/…` is `model/…` (package.json). */
const PACKAGE = new URL("../../", import.meta.url);

/** Where the instance runs: in a thread of the host, or in a process of its own. */
const ENTRIES = {
  thread: new URL("./instance-worker.ts", import.meta.url),
  process: new URL("./instance-process.ts", import.meta.url),
};

const codes = new Map<keyof typeof ENTRIES, WorkerCode>();

/** Read and stripped at the first call, and the same ever after: a host's workers are of one release. */
export function workerCode(place: keyof typeof ENTRIES): WorkerCode {
  const code = codes.get(place) ?? readCode(ENTRIES[place].href);
  codes.set(place, code);
  return code;
}

const LOAD = `
const { registerHooks } = require("node:module");
function load({ preload, code: { entry, sources, subpaths } }) {
  registerHooks({
    resolve(specifier, context, next) {
      const url = subpaths[specifier] ?? URL.parse(specifier, context.parentURL)?.href ?? "";
      return Object.hasOwn(sources, url) ? { url, format: "module", shortCircuit: true } : next(specifier, context);
    },
    load(url, context, next) {
      if (!Object.hasOwn(sources, url)) return next(url, context);
      return { format: "module", source: sources[url], shortCircuit: true };
    },
  });
  const isReady = preload === undefined ? Promise.resolve() : import(preload);
  return isReady.then(() => import(entry));
}
`;

/**
 * What a worker runs first: modules of ours come from the given sources, the others from where they always do. Runs as a
 * script; in its data, `code` is what workerCode returned, `preload` the URL of a module to load before, if any.
 */
export const WORKER_BOOTSTRAP = `${LOAD}
load(require("node:worker_threads").workerData);
`;

/** The same for a process, to which the first message brings all that. */
export const PROCESS_BOOTSTRAP = `${LOAD}
process.once("message", (start) => load(start).then(({ sit }) => sit(start.data)));
`;

function readCode(entry: string): WorkerCode {
  const sources: Record<string, string> = {};
  const subpaths: Record<string, string> = {};
  const waiting = [entry];
  for (let url = waiting.pop(); url !== undefined; url = waiting.pop()) {
    if (Object.hasOwn(sources, url)) continue;
    const text = readFileSync(new URL(url), "utf8");
    const source = withPlainBuiltins(url.endsWith(".ts") ? stripTypeScriptTypes(text) : text);
    sources[url] = source;
    for (const [, specifier = ""] of source.matchAll(OUR_IMPORTS)) {
      if (specifier.startsWith("#")) subpaths[specifier] = new URL(specifier.slice(1), PACKAGE).href;
      waiting.push(subpaths[specifier] ?? new URL(specifier, url).href);
    }
  }
  return { entry, sources, subpaths };
}

/**
 * A module of Node's that is imported gets all of its exports evaluated, also those that only load on use: with
 * node:http comes the whole of undici, 5 MB in every thread. Asked for by name it is what `require` returns.
 */
function withPlainBuiltins(source: string): string {
  return source.replaceAll(
    BUILTIN_IMPORT,
    (_, names: string, builtin: string) =>
      `const {${names.replaceAll(" as ", ": ")}} = process.getBuiltinModule("${builtin}");`,
  );
}

const BUILTIN_IMPORT = /^import \{([^}]*)\} from "(node:[^"]+)";$/gm;
/**
 * Modules of ours are imported by a relative path or by one of the package's subpaths, always with their suffix: `.js`
 * in a release, whose types are stripped already.
 */
const OUR_IMPORTS = /\b(?:from|import)\s*\(?\s*"([#.][^"]+\.[jt]s)"/g;
