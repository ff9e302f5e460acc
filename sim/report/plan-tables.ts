// A plan as tables for programs.

import type { PlannedBase } from "../plan/instance-bases.ts";
import type { Plan } from "../plan/plan.ts";
import { figureTable, type ReportTable } from "./report-table.ts";

export function planTables(plan: Plan, otherBases: readonly PlannedBase[]): readonly ReportTable[] {
  const columns = (of: Plan, extra: object): readonly object[] => [
    { ...extra, state: "sidecars", ...of.sidecars },
    { ...extra, state: "shared", ...of.shared },
    { ...extra, state: "placed", ...of.placed },
  ];
  const bases: object[] = [];
  for (const { instanceBaseBytes, plan: other } of otherBases)
    bases.push(...columns(other, { instanceBaseBytes }));
  return [
    figureTable("states", columns(plan, {})),
    figureTable("bounds", [plan.bounds]),
    figureTable("bases", bases),
  ];
}
