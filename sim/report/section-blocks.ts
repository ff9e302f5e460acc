// A section for the browser: its charts, the table with every figure, and what a reader has to know.

import type { Block, DataCell } from "./html/report-document.ts";
import type { ReportSection } from "./report-section.ts";

/** @param of whose figures these are, where a report has several such sections; each table needs a name of its own. */
export function sectionBlocks(
  { name, note, head, rows, charts = [] }: ReportSection,
  of = "",
): readonly Block[] {
  const named = (text: string): string => (of === "" ? text : `${text}; ${of}`);
  return [
    ...charts.map((chart): Block =>
      Object.assign({ kind: "bars" as const }, chart, { caption: named(chart.caption) }),
    ),
    {
      kind: "table",
      caption: named(`${name}, every figure`),
      head,
      rows: rows.map((row) => row.map(({ text, tone }): DataCell => ({ text, tone }))),
    },
    ...(note === undefined ? [] : [{ kind: "text" as const, text: note }]),
  ];
}
