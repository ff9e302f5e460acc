// A section for the terminal: its title, what has to be known, and the table.

import type { ReportSection } from "./report-section.ts";
import { type Cell, type TableOptions, textTable } from "./text-table.ts";

export function sectionText({ title, head, rows, note }: ReportSection, options: TableOptions): string {
  const cells = rows.map((row) =>
    row.map(({ text, tone }): Cell => (tone === undefined ? { text } : { text, colour: COLOURS[tone] })),
  );
  return `${title}${note === undefined ? "" : `\n${wrapped(note)}`}\n${textTable(head, cells, options)}`;
}

/** Most terminals are as wide. */
const LINE_LENGTH_MAX = 120;

function wrapped(text: string): string {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > LINE_LENGTH_MAX) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line].join("\n");
}

const COLOURS = { good: "green", bad: "red", warning: "yellow" } as const;
