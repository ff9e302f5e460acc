// What a plan would change, as before → after: sidecars as they stand, and node proxies with their pods placed by Berth.

import type { Plan } from "../plan/plan.ts";
import { coresText, countText, memoryText, savedText } from "./figures.ts";
import type { Change } from "./html/report-document.ts";
import { FROM_NONE, furtherChanges, riskChanges } from "./survey-changes.ts";

/** What it takes. */
export function costChanges({ sidecars, placed }: Plan): readonly Change[] {
  const changes = [
    change("memory of the mesh", [sidecars.mesh.memoryBytes, placed.mesh.memoryBytes], memoryText),
    change("CPU cores of the mesh", [sidecars.mesh.cpuMilli, placed.mesh.cpuMilli], coresText),
    change("instances of the mesh", [sidecars.instances, placed.instances], countText),
  ];
  const [before, after] = [sidecars.compaction?.nodes, placed.compaction?.nodes];
  if (before === undefined || after === undefined) return changes;
  return [change("nodes that would do", [before, after], countText), ...changes];
}

/** What hangs on one node or zone. */
export function riskOf({ sidecars, placed }: Plan): readonly Change[] {
  return riskChanges(sidecars.survey, placed.survey);
}

/** What the mesh has to know, and what more would fit. */
export function furtherOf({ sidecars, placed }: Plan): readonly Change[] {
  return furtherChanges(sidecars.survey, placed.survey);
}

/** Less is better. */
function change(
  name: string,
  [before, after]: readonly [number, number],
  text: (value: number) => string,
): Change {
  const share = before === 0 ? undefined : 1 - after / before;
  return {
    name,
    before: text(before),
    after: text(after),
    difference: share === undefined && after > 0 ? FROM_NONE : savedText(share),
    isBetter: before === after ? undefined : after < before,
  };
}
