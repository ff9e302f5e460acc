// Which part may import which. DESIGN: model ← policy ← shell ← main; kube beside them; sim runs the policies and never a
// shell; nothing imports tests.

import type { Arrow, ImportGraph } from "./import-graph.ts";

export const COMPONENTS = ["scheduler-extender", "vpa-recommender", "proxy"] as const;
const WEB_LAYERS = ["browser", "shell", "policy"] as const;

/**
 * A part of the program that the law speaks of; `tests` are tests, what only they use (`<component>/testing/`),
 * benchmarks and tools.
 */
export type Area =
  | "model"
  | "runtime"
  | "kube"
  | `${(typeof COMPONENTS)[number]}/${"policy" | "shell" | "main"}`
  | "sim"
  | "sim/loopback"
  | "sim/driver"
  | `web/${(typeof WEB_LAYERS)[number]}`
  | "cli"
  | "tests";

/** The area of a file by its path; undefined for a folder that the law does not know. */
export function areaOf(path: string): Area | undefined {
  const [top = "", second = "", ...deeper] = path.split("/");
  if (/\.test\.[cm]?tsx?$/.test(path) || ["test", "bench", "tools"].includes(top)) return "tests";
  const component = COMPONENTS.find((name) => name === top);
  if (component !== undefined) {
    if (second === "main.ts") return `${component}/main`;
    if (second === "testing") return "tests";
    const isLayer = (second === "policy" || second === "shell") && deeper.length > 0;
    return isLayer ? `${component}/${second}` : undefined;
  }
  if (top === "sim" && (second === "loopback" || second === "driver")) return `sim/${second}`;
  if (top === "web") {
    const layer = WEB_LAYERS.find((name) => name === second && deeper.length > 0);
    return layer === undefined ? undefined : `web/${layer}`;
  }
  const simple = ["model", "runtime", "kube", "sim", "cli"] as const;
  return simple.find((name) => name === top);
}

/** What breaks the law, one sentence each. */
export function violations(graph: ImportGraph): readonly string[] {
  const strangers = graph.files
    .filter(({ path }) => areaOf(path) === undefined)
    .map(({ path }) => `${path}: no law speaks of this folder; add it to tools/laws/import-law.ts`);
  const arrows = graph.arrows.flatMap((arrow) => {
    const fault = faultOf(arrow);
    return fault === undefined ? [] : [`${arrow.from}:${arrow.line}: ${fault}`];
  });
  return [...strangers, ...arrows, ...pathToKubeconfig(graph)];
}

/** Areas that know no clock, no randomness and no effects. */
export function isPure(area: Area | undefined): boolean {
  return area === "model" || area?.endsWith("/policy") === true;
}

const POLICIES = COMPONENTS.map((component) => `${component}/policy` as const);
const SIM: readonly Area[] = ["sim", "sim/loopback", "sim/driver"];
/** What the browser is sent beside our own modules; web/shell/module-graph.ts says where each is. */
const BROWSER_PACKAGES: ReadonlySet<string> = new Set(["preact", "uplot"]);
const KUBECONFIG_FILE = "kube/kubeconfig.ts";
const KUBECONFIG_PACKAGE = "@kubernetes/client-node";

function mayImport(from: Area): readonly Area[] {
  if (from === "model") return ["model"];
  if (from === "runtime") return ["runtime", "model"];
  if (from === "kube") return ["kube", "runtime", "model"];
  if (from === "sim") return [...SIM, ...POLICIES, "runtime", "model"];
  if (from === "sim/loopback" || from === "sim/driver")
    return [...SIM, ...POLICIES, "kube", "runtime", "model"];
  // What runs in the browser is pure, or the browser's own.
  if (from === "web/browser") return ["web/browser", "web/policy", "model"];
  if (from === "web/policy") return ["web/policy", ...POLICIES, "model"];
  if (from === "web/shell")
    return ["web/shell", "web/policy", ...SIM, ...POLICIES, "kube", "runtime", "model"];
  if (from === "cli" || from === "tests") return EVERYTHING_IN_PRODUCTION;
  const component = COMPONENTS.find((name) => from.startsWith(`${name}/`));
  if (component === undefined) return [];
  const own = (layer: "policy" | "shell" | "main"): Area => `${component}/${layer}`;
  if (from === own("policy")) return [own("policy"), "model"];
  const shell: readonly Area[] = [own("shell"), own("policy"), "kube", "runtime", "model"];
  return from === own("main") ? [own("main"), ...shell] : shell;
}

const EVERYTHING_IN_PRODUCTION: readonly Area[] = [
  "cli",
  "web/shell",
  "web/policy",
  ...SIM,
  ...COMPONENTS.flatMap((name) => [`${name}/main`, `${name}/shell`, `${name}/policy`] as const),
  "kube",
  "runtime",
  "model",
];

function faultOf({ from, to, kind }: Arrow): string | undefined {
  const area = areaOf(from);
  if (area === undefined || area === "tests") return undefined;
  const isForBrowser = area === "web/browser";
  if (to.kind === "builtin")
    return isPure(area) || isForBrowser ? `${area} must not import node:${to.name}` : undefined;
  if (to.kind === "package") {
    if (isForBrowser && !BROWSER_PACKAGES.has(to.name)) return `${area} must not import ${to.name}`;
    if (to.isForDevelopment) return `production code imports ${to.name}, a development dependency`;
    if (to.name === KUBECONFIG_PACKAGE && from !== KUBECONFIG_FILE)
      return `only ${KUBECONFIG_FILE} may import ${to.name}`;
    return undefined;
  }
  if (to.path === KUBECONFIG_FILE && kind !== "dynamic") return `${to.path} may only be imported dynamically`;
  const target = areaOf(to.path);
  if (target === undefined || mayImport(area).includes(target)) return undefined;
  return `${area} must not import ${target} (${to.path})`;
}

// Client-node costs 85 MB, and the proxy runs on every node: no chain of imports may lead there from it.
function pathToKubeconfig({ arrows }: ImportGraph): readonly string[] {
  const importers = new Map<string, string>();
  const pending = arrows
    .map(({ from }) => from)
    .filter((path) => path.startsWith("proxy/") && areaOf(path) !== "tests");
  const seen = new Set(pending);
  for (let path = pending.pop(); path !== undefined; path = pending.pop()) {
    if (path === KUBECONFIG_FILE)
      return [`the proxy reaches ${path}: ${chainTo(path, importers).join(" → ")}`];
    for (const { from, to } of arrows) {
      if (from !== path || to.kind !== "file" || seen.has(to.path)) continue;
      seen.add(to.path);
      importers.set(to.path, path);
      pending.push(to.path);
    }
  }
  return [];
}

function chainTo(path: string, importers: ReadonlyMap<string, string>): readonly string[] {
  const importer = importers.get(path);
  return importer === undefined ? [path] : [...chainTo(importer, importers), path];
}
