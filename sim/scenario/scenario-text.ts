// A scenario and what came of it, for people and for programs.

import { stringify } from "yaml";
import { formatCpu, formatMemory } from "#model/quantity.ts";
import { comparisonTable } from "../report/comparison-table.ts";
import { type TableOptions, textTable } from "../report/text-table.ts";
import type { CalibrationRow } from "../traces/calibration.ts";
import type { RunMoney } from "./money.ts";
import type { InputFile } from "./scenario-inputs.ts";
import type { BaseResult, ScenarioReport } from "./scenario-run.ts";
import type { Scenario } from "./scenario-schema.ts";

/** The scenario in force, defaults and all, as a file of its own. */
export function scenarioText(scenario: Scenario): string {
  return stringify(JSON.parse(JSON.stringify(scenario)));
}

export interface ScenarioDocument {
  readonly scenario: Scenario;
  readonly inputs: readonly InputFile[];
  readonly report: ScenarioReport;
}

/** Figures that do not exist are null. Equal scenarios, files and seeds give equal bytes. */
export function scenarioJson({ scenario, inputs, report }: ScenarioDocument): string {
  const { seed, results } = report;
  const value = { scenario, seed, inputs, results };
  return `${JSON.stringify(value, (_key, part: unknown) => (part === undefined ? null : part), 2)}\n`;
}

export function scenarioTable({ scenario, results }: ScenarioReport, options: TableOptions): string {
  return `${scenario}\n\n${results.map((result) => baseTable(result, options)).join("\n")}`;
}

function baseTable({ base, instanceBase, comparison, money }: BaseResult, options: TableOptions): string {
  const { cpuMilli, memoryBytes } = instanceBase;
  const head = `a bare instance takes ${formatCpu(cpuMilli)} CPU and ${formatMemory(memoryBytes)} (${base})\n`;
  return (
    head + comparisonTable(comparison, options) + (money === undefined ? "" : moneyTable(money, options))
  );
}

function moneyTable(money: readonly RunMoney[], options: TableOptions): string {
  const amount = (value: number | undefined): { readonly text: string } => ({
    text: value === undefined ? "–" : value.toFixed(2),
  });
  const rows = money.map(({ policy, order, perHour, usedPerHour, total, usedTotal }) => [
    { text: policy },
    { text: order },
    amount(perHour),
    amount(usedPerHour),
    amount(total),
    amount(usedTotal),
  ]);
  const [first] = money;
  const mean = first?.isMeanPrice === true ? "; nodes in use at the mean price of all" : "";
  const head = ["policy", "order", "nodes/h", "used/h", "nodes", "used"];
  return `\nmoney, in ${first?.currency ?? ""}${mean}\n${textTable(head, rows, options)}\n`;
}

export function calibrationTable(rows: readonly CalibrationRow[]): string {
  const head = ["figure", "generated", "published", "source"];
  const cells = rows.map(({ figure, generated, published, source, unit }) => [
    { text: figure },
    { text: generated === undefined ? "–" : generated.toFixed(unit === "share" ? 3 : 1) },
    { text: published },
    { text: source },
  ]);
  return `${textTable(head, cells, { hasColour: false })}\n\n${SOURCES}\n`;
}

const SOURCES =
  "RC  Cortez et al., Resource Central, SOSP'17, section 3 (Azure, three months)\n" +
  "AZ  Azure Public Dataset, VM trace V1 (CC-BY-4.0), three and a half days of it\n" +
  "TC  Alibaba scheduling contest 2018 (Tianchi), set A";
