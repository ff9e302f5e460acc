// What a plan would change, as before → after: sidecars as they stand, and node proxies with their pods placed by Berth.

import type { Plan } from "../plan/plan.ts";
import { changeOf } from "./change.ts";
import { coresText, memoryText } from "./figures.ts";
import type { Change } from "./html/report-document.ts";
import { furtherChanges, riskChanges } from "./survey-changes.ts";

/** What it takes. */
export function costChanges({ sidecars, placed }: Plan): readonly Change[] {
  const changes = [
    changeOf("memory of the mesh", [sidecars.mesh.memoryBytes, placed.mesh.memoryBytes], memoryText),
    changeOf("CPU cores of the mesh", [sidecars.mesh.cpuMilli, placed.mesh.cpuMilli], coresText),
    changeOf("instances of the mesh", [sidecars.instances, placed.instances]),
  ];
  const [before, after] = [sidecars.compaction?.nodes, placed.compaction?.nodes];
  if (before === undefined || after === undefined) return changes;
  return [changeOf("nodes that would do", [before, after]), ...changes];
}

/** What hangs on one node or zone. */
export function riskOf({ sidecars, placed }: Plan): readonly Change[] {
  return riskChanges(sidecars.survey, placed.survey);
}

/** What the mesh has to know, and what more would fit. */
export function furtherOf({ sidecars, placed }: Plan): readonly Change[] {
  return furtherChanges(sidecars.survey, placed.survey);
}
