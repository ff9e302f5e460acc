// Writes manifests/chart anew. Run: npm run chart

import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { CHART_FOLDER, chartFiles } from "./chart-files.ts";

const files = chartFiles();
rmSync(CHART_FOLDER, { recursive: true, force: true });
for (const [name, text] of files) {
  const url = new URL(name, CHART_FOLDER);
  mkdirSync(new URL(".", url), { recursive: true });
  writeFileSync(url, text);
}
