import assert from "node:assert/strict";
import { dirname, join, normalize } from "node:path";
import { test } from "node:test";
import { javascript } from "./javascript.ts";
import { publishedPackage } from "./published-package.ts";
import { sizeTrouble } from "./size-budgets.ts";

const files = publishedPackage();
const scripts = [...files].filter(([path]) => path.endsWith(".js"));
const { bin, imports, dependencies, ...manifest } = JSON.parse(files.get("package.json") ?? "") as {
  readonly bin: Readonly<Record<string, string>>;
  readonly imports: Readonly<Record<string, string>>;
  readonly dependencies: object;
};

test("what is stripped keeps its place, and modules of ours are named as they are in the release", () => {
  const source = [
    'import type { A } from "./a.ts";',
    'import { b } from "#model/b.ts";',
    'const c: URL = new URL("../c.ts", import.meta.url), d = await import("./d.ts"), e = "x.ts";',
  ].join("\n");
  const text = javascript(source);
  assert.deepEqual(
    text.split("\n").map((line) => line.trim().replaceAll(/ +/g, " ")),
    [
      "",
      'import { b } from "#model/b.js";',
      'const c = new URL("../c.js", import.meta.url), d = await import("./d.js"), e = "x.ts";',
    ],
  );
  assert.equal(text.indexOf("new URL"), source.indexOf("new URL"));
});

test("the package holds JavaScript alone, and every module of ours that it names", () => {
  assert.ok(scripts.length > 300);
  assert.deepEqual(
    [...files.keys()].filter((path) => path.endsWith(".ts")),
    [],
  );
  let named = 0;
  for (const [path, text] of scripts) {
    for (const [, module = ""] of text.matchAll(/"((?:\.{1,2}\/|#)[^"\n]*\.js)"/g)) {
      named++;
      const target = module.startsWith("#") ? module.slice(1) : normalize(join(dirname(path), module));
      assert.ok(files.has(target), `${path}: ${module}`);
      assert.ok(!module.startsWith("#") || subpaths().has(module.split("/")[0] ?? ""), `${path}: ${module}`);
    }
  }
  assert.ok(named > 1_000, `${named} named`);
});

test("no module of ours is named so that the release would look for its types' source", () => {
  const written = scripts.filter(([, text]) =>
    /`[^`\n]*\.ts`/.test(text.replaceAll(/^\s*(\/\/|\*|\/\*).*$/gm, "")),
  );
  assert.deepEqual(
    written.map(([path]) => path),
    [],
  );
});

test("its package.json has the command, the packages and nothing that only developers use", () => {
  assert.deepEqual(bin, { berth: "./cli/berth.js", "kubectl-berth": "./cli/berth.js" });
  assert.ok(files.get("cli/berth.js")?.startsWith("#!/usr/bin/env node\n"));
  assert.ok(Object.keys(dependencies).includes("fastify"));
  assert.deepEqual(Object.keys(manifest), ["name", "version", "description", "license", "type", "engines"]);
  assert.ok(!Object.hasOwn(imports, "#test/*"));
});

test("a file that outgrows its budget, or has none, is said", () => {
  assert.equal(sizeTrouble({ name: "install.yaml", sizeBytes: 70_000 }), undefined);
  assert.match(
    sizeTrouble({ name: "install.yaml", sizeBytes: 2_000_000 }) ?? "",
    /^install.yaml: 2000000 bytes, over/,
  );
  assert.match(sizeTrouble({ name: "notes.txt", sizeBytes: 1 }) ?? "", /no budget/);
});

function subpaths(): ReadonlySet<string> {
  return new Set(Object.keys(imports).map((name) => name.replace("/*", "")));
}
