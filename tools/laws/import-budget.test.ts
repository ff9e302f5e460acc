// What the proxy loads it loads on every node, and what an instance loads once per app on it: packages by name, sources
// by their size. Who needs more says why, here.

import assert from "node:assert/strict";
import { statSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { readImportGraph } from "./import-graph.ts";
import { PROJECT_ROOT } from "./project-files.ts";

const KIB = 1024;

interface Budget {
  readonly what: string;
  readonly entry: string;
  readonly packages: readonly string[];
  readonly sourceBytesMax: number;
}

const BUDGETS: readonly Budget[] = [
  {
    what: "the proxy, with its supervisor, its host and all that they start",
    entry: "proxy/main.ts",
    packages: ["pino", "undici", "zod"],
    sourceBytesMax: 700 * KIB,
  },
  {
    what: "an instance's thread",
    entry: "proxy/shell/instance-worker.ts",
    packages: [],
    sourceBytesMax: 350 * KIB,
  },
];

const { arrows } = readImportGraph();
// What is imported on demand is left out: it is loaded where somebody asks for it.
const loaded = Map.groupBy(
  arrows.filter(({ kind }) => kind !== "dynamic"),
  ({ from }) => from,
);

for (const { what, entry, packages, sourceBytesMax } of BUDGETS) {
  test(`${what} keeps to its budget of packages and sources`, (t) => {
    const files = new Set([entry]);
    const used = new Set<string>();
    for (const path of files) {
      for (const { to } of loaded.get(path) ?? []) {
        if (to.kind === "file") files.add(to.path);
        else if (to.kind === "package") used.add(to.name);
      }
    }
    const sourceBytes = [...files].reduce((sum, path) => sum + statSync(join(PROJECT_ROOT, path)).size, 0);
    t.diagnostic(`${files.size} files, ${(sourceBytes / KIB).toFixed(0)} KiB, of ${sourceBytesMax / KIB}`);
    assert.ok(files.size > 20, "imports were followed");
    assert.deepEqual([...used].toSorted(), packages);
    assert.ok(sourceBytes <= sourceBytesMax, `${sourceBytes} bytes of sources`);
  });
}
