import assert from "node:assert/strict";
import { existsSync, globSync } from "node:fs";
import { join, matchesGlob } from "node:path";
import { test } from "node:test";
import { readImportGraph } from "#tools/laws/import-graph.ts";
import { LEFT_OUT, ROOT, sourcesLayer } from "./image-content.ts";
import { ociArchive } from "./oci-archive.ts";
import { productionPackages } from "./production-packages.ts";
import { tarArchive } from "./tar-archive.ts";

test("the image has the command, its parts and no tests", () => {
  const paths = sourcesLayer().map(({ path }) => path);
  for (const needed of ["berth/cli/berth.ts", "berth/proxy/main.ts", "berth/package.json"])
    assert.ok(paths.includes(needed), needed);
  assert.deepEqual(
    paths.filter((path) => path.endsWith(".test.ts") || path.includes("/testing/")),
    [],
  );
});

test("whatever is left out of the Dockerfile's context is not in the image either", () => {
  const paths = sourcesLayer().map(({ path }) => path.slice("berth/".length));
  for (const pattern of LEFT_OUT) {
    assert.ok(globSync(pattern, { cwd: ROOT }).length > 0, `${pattern} leaves nothing out`);
    assert.deepEqual(
      paths.filter((path) => matchesGlob(path, pattern)),
      [],
    );
  }
});

test("whatever the command reaches by imports, threads and child processes is in the image", () => {
  const sources = new Set(sourcesLayer().map(({ path }) => path.slice("berth/".length)));
  const reached = [...reachedFrom("cli/berth.ts")];
  assert.ok(reached.includes("proxy/shell/instance-worker.ts"), "threads are followed");
  assert.deepEqual(
    reached.filter((path) => !sources.has(path)),
    [],
  );
});

test("the packages are those that production needs, along what they need themselves", () => {
  const packages = productionPackages(ROOT);
  for (const name of ["undici", "@peculiar/x509", "tslib"])
    assert.ok(packages.includes(`node_modules/${name}`), name);
  for (const name of ["typescript", "fast-check", "node"])
    assert.ok(!packages.includes(`node_modules/${name}`), name);
  assert.ok(packages.every((folder) => existsSync(join(ROOT, folder))));
});

test("an image's digest tells its content and nothing else", () => {
  const layer = (text: string): Buffer =>
    tarArchive([{ path: "a", content: Buffer.from(text), mode: 0o644 }]);
  const digest = (name: string, text: string): string =>
    ociArchive({ name, layers: [layer(text)], config: {} }).digest;
  assert.equal(digest("one", "x"), digest("two", "x"));
  assert.notEqual(digest("one", "x"), digest("one", "y"));
});

function reachedFrom(entry: string): ReadonlySet<string> {
  const { arrows } = readImportGraph();
  const targets = Map.groupBy(arrows, ({ from }) => from);
  const reached = new Set([entry]);
  for (const path of reached) {
    for (const { to } of targets.get(path) ?? []) if (to.kind === "file") reached.add(to.path);
  }
  return reached;
}
