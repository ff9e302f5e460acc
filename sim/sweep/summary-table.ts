// A sweep's summary for people: a line per policy and setting, differences to the baseline with their 95 % intervals; and
// likewise a line per way to size the proxies, where usage was played.

import { type Cell, type TableOptions, textTable } from "../report/text-table.ts";
import { RUN_FIGURES, settingText, type ShownFigure, shownOf, SIZING_FIGURES } from "./shown-figures.ts";
import type { FigureSummary, SummaryGroup, SweepSummary } from "./sweep-summary.ts";

export function summaryTable(
  { groups, baseline, baselineSizing }: SweepSummary,
  options: TableOptions,
): string {
  const ofRuns = groups.filter(({ sizing }) => sizing === null);
  const ofSizings = groups.filter(({ sizing }) => sizing !== null);
  const foot = `means over the seeds; in brackets the difference to ${baseline}, seed by seed, with its 95 % interval\n`;
  const sized =
    ofSizings.length === 0
      ? ""
      : `\nwhat instances really use, and how their proxies are sized\n\n${tables(ofSizings, SIZING_FIGURES, options)}\nin brackets the difference to sizing ${baselineSizing ?? ""}, under the same policy\n`;
  return `${tables(ofRuns, RUN_FIGURES, options)}\n${foot}${sized}`;
}

function tables(
  groups: readonly SummaryGroup[],
  figures: readonly ShownFigure[],
  options: TableOptions,
): string {
  const columns = shownOf(figures, groups);
  const isSized = groups.some(({ sizing }) => sizing !== null);
  const head = ["policy", ...(isSized ? ["sizing"] : []), "seeds", ...columns.map((column) => column.head)];
  const sections = [...Map.groupBy(groups, settingText)].map(([setting, alike]) => {
    const rows = alike.map((group): readonly Cell[] => [
      { text: group.policy },
      ...(isSized ? [{ text: group.sizing ?? "" }] : []),
      { text: String(group.seeds) },
      ...columns.map((column) => ({ text: figureText(group.figures[column.name], column) })),
    ]);
    return `${setting}\n${textTable(head, rows, options)}\n`;
  });
  return sections.join("\n");
}

/** The mean, and in brackets the difference with half its interval's width. */
export function figureText(figure: FigureSummary | undefined, { text }: Pick<ShownFigure, "text">): string {
  if (figure === undefined) return "–";
  const mean = text(figure.mean);
  const { difference } = figure;
  if (difference === null) return mean;
  const spread = difference.halfWidth === null ? "" : ` ± ${text(difference.halfWidth)}`;
  const sign = difference.mean < 0 ? "−" : "+";
  return `${mean} [${sign}${text(Math.abs(difference.mean))}${spread}]`;
}
