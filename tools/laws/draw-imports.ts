// Writes docs/imports.svg anew.

import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { readImportGraph } from "./import-graph.ts";
import { PICTURE_FILE } from "./import-picture-file.ts";
import { drawImports } from "./import-picture.ts";

mkdirSync(dirname(PICTURE_FILE), { recursive: true });
writeFileSync(PICTURE_FILE, drawImports(readImportGraph()));
