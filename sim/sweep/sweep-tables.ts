// A sweep as tables for programs: one row per figure of a group, and one per run.

import { figureTable, type ReportTable } from "../report/report-table.ts";
import type { SweepSummary } from "./sweep-summary.ts";
import type { TaskResult } from "./task-results.ts";

export function sweepTables(
  { groups }: SweepSummary,
  results: readonly TaskResult[],
): readonly ReportTable[] {
  const figures = groups.flatMap(({ figures: ofGroup, parameters, nodes, ...group }) =>
    Object.entries(ofGroup).map(([figure, { mean, halfWidth, difference }]) =>
      plain({
        ...group,
        nodes,
        parameters: JSON.stringify(parameters),
        figure,
        mean,
        halfWidth,
        difference: difference?.mean,
        differenceHalfWidth: difference?.halfWidth,
        pairs: difference?.pairs,
      }),
    ),
  );
  const runs = results.flatMap(({ point, runs: ofTask }) =>
    ofTask.map(({ figures: ofRun, ...run }) =>
      plain({
        policy: point.policy,
        seed: point.seed,
        nodes: point.nodes,
        parameters: JSON.stringify(point.parameters),
        ...run,
        ...ofRun,
      }),
    ),
  );
  return [figureTable("figures", figures), figureTable("runs", runs)];
}

/** Without what is not there, whose column stays empty. */
function plain(row: Readonly<Record<string, unknown>>): object {
  return Object.fromEntries(Object.entries(row).filter(([, value]) => value !== null && value !== undefined));
}
