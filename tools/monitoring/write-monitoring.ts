// Writes manifests/components/monitoring anew. Run: npm run monitoring

import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { MONITORING_FOLDER, monitoringFiles } from "./monitoring-files.ts";

rmSync(MONITORING_FOLDER, { recursive: true, force: true });
mkdirSync(new URL("dashboards/", MONITORING_FOLDER), { recursive: true });
for (const [name, text] of monitoringFiles()) writeFileSync(new URL(name, MONITORING_FOLDER), text);
