import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { importCycles } from "./import-cycles.ts";
import { importGraph, type ImportGraph, type Manifest, readImportGraph } from "./import-graph.ts";
import { areaOf, isPure, violations } from "./import-law.ts";
import { PICTURE_FILE, REDRAW_COMMAND } from "./import-picture-file.ts";
import { drawImports } from "./import-picture.ts";
import { importsOf } from "./imports-of.ts";
import { impurities } from "./purity.ts";
import { PROJECT_ROOT, trackedFiles, typeScriptFiles, walkedFiles } from "./project-files.ts";
import { tokensOf } from "./source-tokens.ts";

const graph = readImportGraph();

test("every TypeScript file that git knows was read, and had its imports found", () => {
  const known = (trackedFiles() ?? walkedFiles()).filter((path) => /\.[cm]?tsx?$/.test(path));
  assert.ok(known.length > 0, "git knows no TypeScript file");
  assert.ok(graph.arrows.length > known.length, "hardly a file imports anything: the imports were not found");
  assert.deepEqual(
    graph.files.map(({ path }) => path),
    [...known].sort(),
  );
});

test("V8 finds no import that was not found here", () => {
  const script = fileURLToPath(new URL("./v8-imports.ts", import.meta.url));
  const paths = graph.files.map(({ path }) => path);
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ["--experimental-vm-modules", "--disable-warning=ExperimentalWarning", script],
    { input: JSON.stringify(paths), encoding: "utf8", maxBuffer: 64 * 1024 ** 2 },
  );
  assert.equal(status, 0, stderr);
  const found = JSON.parse(stdout) as readonly (readonly string[])[];
  assert.equal(found.length, paths.length);
  for (const [index, { path, tokens }] of graph.files.entries()) {
    const here = new Set(importsOf(tokens).map(({ specifier }) => specifier));
    const missed = found[index]?.filter((specifier) => !here.has(specifier));
    assert.deepEqual(missed, [], path);
  }
});

test("every import leads somewhere", () => {
  assert.deepEqual(graph.problems, []);
});

test("no file imports what the law forbids", () => {
  assert.deepEqual(violations(graph), []);
});

test("no files import each other in a circle", () => {
  assert.deepEqual(importCycles(graph), []);
});

test("the model and the policies mention no clock, no randomness and no effects", () => {
  const pure = graph.files.filter(({ path }) => isPure(areaOf(path)));
  assert.ok(pure.length > 0, "no pure file was read");
  const found = pure.flatMap(({ path, tokens }) =>
    impurities(tokens).map((impurity) => `${path}: ${impurity}`),
  );
  assert.deepEqual(found, []);
});

test("the picture of the imports is up to date", () => {
  const drawn = existsSync(PICTURE_FILE) ? readFileSync(PICTURE_FILE, "utf8") : "";
  assert.ok(drawn === drawImports(graph), `docs/imports.svg is out of date: run ${REDRAW_COMMAND}`);
});

test("where there is no git the folders are walked, and the same files are found", () => {
  const walked = new Set(walkedFiles());
  assert.deepEqual(
    typeScriptFiles().filter((path) => !walked.has(path)),
    [],
  );
  assert.equal(trackedFiles(join(PROJECT_ROOT, "model")), undefined, "a folder of a checkout is no checkout");
});

// ── The law itself, on made-up projects ────────────────────────────────────────────────────────────────────────────

const manifest: Manifest = {
  imports: { "#model/*": "./model/*", "#kube/*": "./kube/*", "#proxy/*": "./proxy/*", "#test/*": "./test/*" },
  dependencies: { undici: "8", preact: "11", "@kubernetes/client-node": "2" },
  devDependencies: { "fast-check": "4" },
};

function graphOf(sources: Readonly<Record<string, string>>): ImportGraph {
  const entries = Object.entries(sources).map(([path, source]) => ({ path, source }));
  return importGraph({ manifest, sources: entries, hasOtherFile: (path) => path === "model/units.json" });
}

test("an arrow against the law is found, however it is written", () => {
  const forbidden: readonly (readonly [from: string, source: string, to: string])[] = [
    ["model/a.ts", `import type { B } from "../kube/b.ts";`, "kube/b.ts"],
    ["model/a.ts", `import { readFileSync } from "node:fs";`, "model/c.ts"],
    ["runtime/a.ts", `import "#kube/b.ts";`, "kube/b.ts"],
    ["kube/a.ts", `export * from "../proxy/policy/b.ts";`, "proxy/policy/b.ts"],
    ["proxy/policy/a.ts", `import "../shell/b.ts";`, "proxy/shell/b.ts"],
    ["proxy/policy/a.ts", `import "../../runtime/b.ts";`, "runtime/b.ts"],
    ["proxy/policy/a.ts", `import "../../vpa-recommender/policy/b.ts";`, "vpa-recommender/policy/b.ts"],
    ["proxy/shell/a.ts", `import "../../vpa-recommender/shell/b.ts";`, "vpa-recommender/shell/b.ts"],
    ["proxy/shell/a.ts", `import "../main.ts";`, "proxy/main.ts"],
    ["proxy/main.ts", `await import("../sim/b.ts");`, "sim/b.ts"],
    ["sim/engine/a.ts", `import "../../kube/b.ts";`, "kube/b.ts"],
    [
      "sim/engine/a.ts",
      `new Worker(new URL("../../proxy/shell/b.ts", import.meta.url));`,
      "proxy/shell/b.ts",
    ],
    ["sim/loopback/a.ts", `import "#proxy/shell/b.ts";`, "proxy/shell/b.ts"],
    ["web/policy/a.ts", `import "../../kube/b.ts";`, "kube/b.ts"],
    ["web/shell/a.ts", `import "../../cli/b.ts";`, "cli/b.ts"],
    ["web/shell/a.ts", `import "#proxy/shell/b.ts";`, "proxy/shell/b.ts"],
    ["web/browser/a.ts", `import "../shell/b.ts";`, "web/shell/b.ts"],
    ["web/browser/a.ts", `import "node:fs";`, "web/policy/b.ts"],
    ["web/browser/a.ts", `import "undici";`, "web/policy/b.ts"],
    ["web/a.ts", "", "web/policy/b.ts"],
    ["cli/a.ts", `import "#test/b.ts";`, "test/b.ts"],
    ["model/a.ts", `import "./b.test.ts";`, "model/b.test.ts"],
    ["cli/a.ts", `import "fast-check";`, "cli/b.ts"],
    ["kube/connect.ts", `import "@kubernetes/client-node";`, "kube/b.ts"],
    ["kube/connect.ts", `import { load } from "./kubeconfig.ts";`, "kube/kubeconfig.ts"],
    ["proxy/b/a.ts", "", "proxy/policy/b.ts"],
    ["helm/a.ts", "", "model/b.ts"],
  ];
  for (const [from, source, to] of forbidden) {
    const made = graphOf({ [from]: source, [to]: "" });
    assert.deepEqual(made.problems, [], source);
    assert.equal(violations(made).length, 1, `${from}: ${source}`);
  }
});

test("the arrows that the design has are allowed", () => {
  const made = graphOf({
    "model/a.ts": `import units from "./units.json" with { type: "json" };`,
    "runtime/a.ts": `import "#model/a.ts"; import "node:http";`,
    "kube/a.ts": `import "#model/a.ts"; import "../runtime/a.ts"; import "undici";`,
    "kube/kubeconfig.ts": `import "@kubernetes/client-node";`,
    "kube/connect.ts": `await import("./kubeconfig.ts");`,
    "proxy/policy/a.ts": `import "#model/a.ts";`,
    "proxy/shell/a.ts": `import "../policy/a.ts"; import "#kube/a.ts"; import "../../runtime/a.ts";`,
    "proxy/main.ts": `import "./shell/a.ts"; import "./policy/a.ts"; import "#kube/a.ts";`,
    "sim/engine/a.ts": `import "#proxy/policy/a.ts"; import "../traces/a.ts"; import "#model/a.ts";`,
    "sim/traces/a.ts": "",
    "sim/loopback/a.ts": `import "#kube/a.ts";`,
    "web/policy/a.ts": `import "#model/a.ts"; import "#proxy/policy/a.ts";`,
    "web/shell/a.ts": `import "../policy/a.ts"; import "../../sim/engine/a.ts"; import "#kube/a.ts"; import "undici";`,
    "web/browser/a.ts": `import "../policy/a.ts"; import "#model/a.ts"; import "preact";`,
    "cli/a.ts": `import "../web/shell/a.ts"; import "#proxy/shell/a.ts"; import "#kube/connect.ts";`,
    "model/a.test.ts": `import "#test/a.ts"; import "fast-check"; import "#proxy/shell/a.ts";`,
    "test/a.ts": "",
  });
  assert.deepEqual([...made.problems, ...violations(made), ...importCycles(made)], []);
});

test("a chain of imports from the proxy to the kubeconfig is found and told", () => {
  const made = graphOf({
    "proxy/shell/a.ts": `import "#kube/connect.ts";`,
    "kube/connect.ts": `await import("./kubeconfig.ts");`,
    "kube/kubeconfig.ts": "",
  });
  assert.deepEqual(violations(made), [
    "the proxy reaches kube/kubeconfig.ts: proxy/shell/a.ts → kube/connect.ts → kube/kubeconfig.ts",
  ]);
});

test("an import that leads nowhere is a problem", () => {
  const nowhere = ["./missing.ts", "#model/missing.ts", "#unknown/a.ts", "left-pad", "node:nothing", "fs"];
  for (const specifier of nowhere) {
    assert.equal(graphOf({ "model/a.ts": `import "${specifier}";` }).problems.length, 1, specifier);
  }
  assert.equal(graphOf({ "model/a.ts": "await import(name);" }).problems.length, 1);
  assert.equal(graphOf({ "model/a.ts": 'import "open' }).problems.length, 1);
});

test("a circle of files is found, through types too", () => {
  const made = graphOf({
    "model/a.ts": `import "./b.ts";`,
    "model/b.ts": `import "./c.ts";`,
    "model/c.ts": `import type { A } from "./a.ts"; import "./d.ts";`,
    "model/d.ts": "",
  });
  assert.deepEqual(importCycles(made), [["model/a.ts", "model/b.ts", "model/c.ts"]]);
});

test("every impurity is found in code, and none in comments, texts and names", () => {
  const impure =
    "Date.now(); new Date(0); new Date; Math.random(); performance.now(); process.env; process['env']; console.log(1); " +
    "async () => 1; await x; setTimeout(f, 1); setInterval(f, 1); setImmediate(f); queueMicrotask(f); fetch(url); " +
    "globalThis.x; crypto.randomUUID(); require('x');";
  const expected =
    "Date.now,new Date,new Date,Math.random,performance,process,process,console,async,await,setTimeout,setInterval," +
    "setImmediate,queueMicrotask,fetch,globalThis,crypto,require";
  assert.deepEqual(
    impurities(tokensOf(impure)).map((found) => found.replace("line 1: ", "")),
    expected.split(","),
  );
  const pure =
    "// Date.now()\nconst text = 'await fetch(url)'; Math.max(1, 2); clock.performance.now(); this.#fetch(); " +
    "node.process(); type Keys = { async: boolean; await: string }; const fetched = prefetch(1); let at: Date;";
  assert.deepEqual(impurities(tokensOf(pure)), []);
});
