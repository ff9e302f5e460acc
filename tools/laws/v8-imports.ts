// What V8 itself finds imported: run with --experimental-vm-modules, paths from the root on stdin, one JSON on stdout.
// A second opinion on imports-of.ts. It sees neither type imports nor dynamic ones.

import { readFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { join } from "node:path";
import { SourceTextModule } from "node:vm";
import { PROJECT_ROOT } from "./project-files.ts";

const paths = JSON.parse(readFileSync(0, "utf8")) as readonly string[];
const found = paths.map((path) => {
  const source = stripTypeScriptTypes(readFileSync(join(PROJECT_ROOT, path), "utf8"));
  return new SourceTextModule(source, { identifier: path }).dependencySpecifiers;
});
process.stdout.write(JSON.stringify(found));
