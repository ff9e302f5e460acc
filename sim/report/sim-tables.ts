// A comparison as tables for programs: one row per run, and one per moment of a run.

import type { BaseResult, ScenarioReport } from "../scenario/scenario-run.ts";
import { figureTable, type ReportTable } from "./report-table.ts";

export function simTables({ results }: ScenarioReport): readonly ReportTable[] {
  const tables = [
    figureTable("runs", results.flatMap(runsOf)),
    figureTable("series", results.flatMap(seriesOf)),
  ];
  const sizings = results.flatMap(sizingsOf);
  if (sizings.length > 0) tables.push(figureTable("sizings", sizings));
  const money = results.flatMap(({ base, money: amounts = [] }) =>
    amounts.map((amount) => Object.assign({ base }, amount)),
  );
  return money.length === 0 ? tables : [...tables, figureTable("money", money)];
}

function runsOf({ base, comparison }: BaseResult): readonly object[] {
  return comparison.runs.map((run) => Object.assign({ base }, run));
}

function sizingsOf({ base, comparison }: BaseResult): readonly object[] {
  return comparison.runs.flatMap(({ policy, order, usage }) =>
    (usage?.sizings ?? []).map((sizing) =>
      Object.assign({ base, policy, order, nodeMinutes: usage?.nodeMinutes }, sizing),
    ),
  );
}

function seriesOf({ base, comparison }: BaseResult): readonly object[] {
  return comparison.runs.flatMap(({ policy, order, series }) =>
    series.map((point) => Object.assign({ base, policy, order }, point)),
  );
}
