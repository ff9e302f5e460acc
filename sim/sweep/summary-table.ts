// A sweep's summary for people: a line per policy and setting, differences to the baseline with their 95 % intervals.

import { memoryText } from "../report/figures.ts";
import { type Cell, type TableOptions, textTable } from "../report/text-table.ts";
import type { FigureSummary, SummaryGroup, SweepSummary } from "./sweep-summary.ts";

interface Column {
  readonly name: string;
  readonly head: string;
  readonly isShownAlways: boolean;
  readonly text: (value: number) => string;
}

const decimals = (digits: number) => (value: number) => value.toFixed(digits);

const COLUMNS: readonly Column[] = [
  { name: "nodesUsed", head: "nodes", isShownAlways: true, text: decimals(1) },
  { name: "instances", head: "instances", isShownAlways: true, text: decimals(1) },
  { name: "reuse", head: "reuse", isShownAlways: true, text: decimals(2) },
  { name: "meshMemoryBytes", head: "mesh memory", isShownAlways: true, text: memoryText },
  { name: "capViolations", head: "over cap", isShownAlways: false, text: decimals(1) },
  { name: "overcommits", head: "overcommits", isShownAlways: false, text: decimals(1) },
  { name: "unplaced", head: "unplaced", isShownAlways: false, text: decimals(1) },
  { name: "podsLostMax", head: "pods lost", isShownAlways: true, text: decimals(1) },
  { name: "moneyUsedPerHour", head: "money/h", isShownAlways: true, text: decimals(2) },
];

export function summaryTable({ groups, baseline }: SweepSummary, options: TableOptions): string {
  // What is the same everywhere, mostly nothing, tells nothing.
  const columns = COLUMNS.filter(({ name, isShownAlways }) => {
    const means = groups.flatMap(({ figures }) => figures[name]?.mean ?? []);
    return isShownAlways ? means.length > 0 : means.some((mean) => mean > 0);
  });
  const sections = [...Map.groupBy(groups, settingText)].map(([setting, alike]) => {
    const rows = alike.map((group): readonly Cell[] => [
      { text: group.policy },
      { text: String(group.seeds) },
      ...columns.map((column) => ({ text: cellText(group.figures[column.name], column) })),
    ]);
    return `${setting}\n${textTable(["policy", "seeds", ...columns.map(({ head }) => head)], rows, options)}\n`;
  });
  const foot = `means over the seeds; in brackets the difference to ${baseline}, seed by seed, with its 95 % interval\n`;
  return `${sections.join("\n")}\n${foot}`;
}

function settingText({ nodes, parameters, base, order }: SummaryGroup): string {
  const varied = Object.entries(parameters).map(([field, value]) => `${field} = ${JSON.stringify(value)}`);
  const parts = [...(nodes === null ? [] : [`${nodes} nodes`]), ...varied, `base ${base}`, `order ${order}`];
  return parts.join(", ");
}

function cellText(figure: FigureSummary | undefined, { text }: Column): string {
  if (figure === undefined) return "–";
  const mean = text(figure.mean);
  const { difference } = figure;
  if (difference === null) return mean;
  const spread = difference.halfWidth === null ? "" : ` ± ${text(difference.halfWidth)}`;
  const sign = difference.mean < 0 ? "−" : "+";
  return `${mean} [${sign}${text(Math.abs(difference.mean))}${spread}]`;
}
