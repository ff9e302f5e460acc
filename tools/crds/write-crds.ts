// Writes manifests/crds anew. Run: npm run crds

import { mkdirSync, writeFileSync } from "node:fs";
import { CRD_FOLDER, crdFiles } from "./crd-files.ts";

mkdirSync(CRD_FOLDER, { recursive: true });
for (const [name, text] of crdFiles()) writeFileSync(new URL(name, CRD_FOLDER), text);
