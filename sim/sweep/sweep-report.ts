// A sweep as a report for the browser: each figure as bars with their 95 % intervals, differences to the baseline seed by
// seed, and what the intervals say and do not say.

import { BERTH_POLICY } from "../engine/policies.ts";
import { coresText, countText, memoryText } from "../report/figures.ts";
import type {
  Bar,
  Block,
  Change,
  DataCell,
  Provenance,
  ReportDocument,
  Section,
} from "../report/html/report-document.ts";
import { RUN_FIGURES, settingText, type ShownFigure, shownOf, SIZING_FIGURES } from "./shown-figures.ts";
import { figureText } from "./summary-table.ts";
import type { FigureSummary, SummaryGroup, SweepSummary } from "./sweep-summary.ts";

export interface SweepReport {
  readonly name: string;
  readonly summary: SweepSummary;
  readonly tasks: number;
  readonly provenance: Provenance;
}

export function sweepReport({ name, summary, tasks, provenance }: SweepReport): ReportDocument {
  const ofRuns = summary.groups.filter(({ sizing }) => sizing === null);
  const ofSizings = summary.groups.filter(({ sizing }) => sizing !== null);
  const settings = new Set(ofRuns.map(settingText)).size;
  const policies = new Set(ofRuns.map(({ policy }) => policy)).size;
  const seeds = Math.max(0, ...ofRuns.map((group) => group.seeds));
  const [before, after] = pairOf(summary, ofRuns);
  return {
    title: "Which policy does best, and how sure is that?",
    subject: `${name}: ${counted(tasks, "run")} of ${counted(policies, "policy", "policies")}, each with ${counted(seeds, "seed")} at ${counted(settings, "setting")}.`,
    changes: before === undefined || after === undefined ? [] : changesBetween(before, after),
    changesNote:
      before === undefined || after === undefined
        ? "There is no other policy to compare the baseline with."
        : `Before: ${before.policy}. After: ${after.policy}. Both with ${settingText(after)}; means over the seeds, and the difference seed by seed with its 95 % interval.`,
    sections: [
      ...figureSections(ofRuns, RUN_FIGURES, "run"),
      ...figureSections(ofSizings, SIZING_FIGURES, "sizing"),
      {
        id: "differences",
        title: "How large and how sure is each difference?",
        blocks: differenceBlocks(summary),
      },
      { id: "methods", title: "What do the intervals say?", blocks: methodBlocks(seeds) },
    ],
    provenance,
  };
}

function counted(count: number, one: string, many = `${one}s`): string {
  return `${countText(count)} ${count === 1 ? one : many}`;
}

/** Of the first setting; Berth's where it ran, else the last policy's. */
function pairOf(
  { baseline }: SweepSummary,
  groups: readonly SummaryGroup[],
): readonly [SummaryGroup | undefined, SummaryGroup | undefined] {
  const [first] = groups;
  if (first === undefined) return [undefined, undefined];
  const alike = groups.filter((group) => settingText(group) === settingText(first));
  const before = alike.find(({ policy }) => policy === baseline);
  const others = alike.filter((group) => group !== before);
  return [before, others.find(({ policy }) => policy === BERTH_POLICY) ?? others.at(-1)];
}

function changesBetween(before: SummaryGroup, after: SummaryGroup): readonly Change[] {
  const change = (title: string, name: string, text: (value: number) => string): readonly Change[] => {
    const [from, to] = [before.figures[name], after.figures[name]];
    if (from === undefined || to === undefined) return [];
    const difference = to.difference;
    return [
      {
        name: title,
        before: text(from.mean),
        after: text(to.mean),
        difference: shareText(difference, from.mean),
        isBetter: isSure(difference) ? to.mean < from.mean : undefined,
      },
    ];
  };
  return [
    ...change("nodes in use", "nodesUsed", (value) => value.toFixed(1)),
    ...change("memory of the mesh", "meshMemoryBytes", memoryText),
    ...change("CPU cores of the mesh", "meshCpuMilli", coresText),
    ...change("instances of the mesh", "instances", (value) => value.toFixed(1)),
  ];
}

/** The interval of the difference leaves zero out. */
function isSure(difference: FigureSummary["difference"]): boolean {
  if (difference === null || difference.mean === 0) return false;
  return difference.halfWidth !== null && Math.abs(difference.mean) > difference.halfWidth;
}

function shareText(difference: FigureSummary["difference"], of: number): string {
  if (difference === null || of === 0) return "";
  const percent = (value: number): string => ((100 * value) / of).toFixed(1);
  const spread = difference.halfWidth === null ? "" : ` ± ${percent(difference.halfWidth)}`;
  return `${difference.mean < 0 ? "−" : "+"}${percent(Math.abs(difference.mean))}${spread} %`;
}

/** More charts than these for one figure are folded away. */
const CHARTS_MAX = 6;

function figureSections(
  groups: readonly SummaryGroup[],
  figures: readonly ShownFigure[],
  kind: "run" | "sizing",
): readonly Section[] {
  const bySetting = [...Map.groupBy(groups, settingText)];
  return shownOf(figures, groups).map((figure): Section => {
    const charts = bySetting.map(([setting, alike]): Block => {
      const caption = bySetting.length === 1 ? figure.caption : `${figure.caption}; ${setting}`;
      const chart = { caption, bars: alike.flatMap((group) => barOf(group, figure)), format: figure.text };
      const bound = figure.bound === undefined ? {} : { boundName: "at least" };
      return Object.assign({ kind: "bars" as const }, chart, bound);
    });
    const more = charts.slice(CHARTS_MAX);
    return {
      id: `${kind}-${figure.name}`,
      title: figure.question,
      blocks: [
        ...charts.slice(0, CHARTS_MAX),
        ...(more.length === 0
          ? []
          : [{ kind: "fold" as const, title: `${countText(more.length)} more settings`, blocks: more }]),
      ],
    };
  });
}

function barOf(group: SummaryGroup, { name, bound }: ShownFigure): readonly Bar[] {
  const figure = group.figures[name];
  if (figure === undefined) return [];
  const { policy, sizing } = group;
  return [
    {
      name: sizing === null ? policy : `${policy}, ${sizing}`,
      value: figure.mean,
      halfWidth: figure.halfWidth ?? undefined,
      bound: bound === undefined ? undefined : group.figures[bound]?.mean,
      isOurs: policy === BERTH_POLICY && (sizing === null || sizing === "feedback"),
    },
  ];
}

function differenceBlocks({ groups, baseline, baselineSizing }: SweepSummary): readonly Block[] {
  const tablesOf = (isSized: boolean, figures: readonly ShownFigure[]): readonly Block[] => {
    const some = groups.filter(({ sizing }) => (sizing !== null) === isSized);
    const columns = shownOf(figures, some);
    return [...Map.groupBy(some, settingText)].map(([setting, alike]) => ({
      kind: "table",
      caption: `${setting}${isSized ? ", by sizing" : ""}`,
      head: [
        "figure",
        ...alike.map(({ policy, sizing }) => (sizing === null ? policy : `${policy}, ${sizing}`)),
      ],
      rows: columns.map((column) => {
        const name: DataCell = { text: column.caption };
        return [name].concat(
          alike.map((group) => ({ text: figureText(group.figures[column.name], column) })),
        );
      }),
    }));
  };
  const ofSizings = tablesOf(true, SIZING_FIGURES);
  return [
    {
      kind: "text",
      text: `The mean over the seeds, and in brackets the difference to ${baseline}${ofSizings.length === 0 ? "" : ` (of sizings to ${baselineSizing ?? ""}, under the same policy)`}, seed by seed, ± half of its 95 % interval.`,
    },
    ...tablesOf(false, RUN_FIGURES),
    ...ofSizings,
  ];
}

function methodBlocks(seeds: number): readonly Block[] {
  const few = seeds < 5 ? ` ${counted(seeds, "seed")} are few: ten are better.` : "";
  return [
    {
      kind: "text",
      text: `A bar is the mean over the seeds, and the thin line at its end the 95 % interval of that mean (Student's t). Seeds differ in the workload that is drawn, or in the order of arrivals; policies are compared on the same ones, so that what a seed does to all alike is no part of a difference's interval.${few}`,
    },
    {
      kind: "text",
      text: "Intervals say how much the answer hangs on the seed. They do not say how well the workload stands for one's own, nor how near the simulator is to a real cluster: the fidelity bench measures that.",
    },
  ];
}
