// A section for the terminal: its title, what has to be known, and the table.

import type { ReportSection } from "./report-section.ts";
import { type Cell, type TableOptions, textTable } from "./text-table.ts";

export function sectionText({ title, head, rows, note }: ReportSection, options: TableOptions): string {
  const cells = rows.map((row) =>
    row.map(({ text, tone }): Cell => (tone === undefined ? { text } : { text, colour: COLOURS[tone] })),
  );
  return `${title}${note === undefined ? "" : `\n${note}`}\n${textTable(head, cells, options)}`;
}

const COLOURS = { good: "green", bad: "red", warning: "yellow" } as const;
