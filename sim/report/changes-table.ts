// Changes for the terminal: the last that stands there, and the first that is read.

import type { Change } from "./html/report-document.ts";
import { type Cell, type TableOptions, textTable } from "./text-table.ts";

export function changesTable(changes: readonly Change[], options: TableOptions): string {
  const rows = changes.map(({ name, before, after, difference, isBetter }): readonly Cell[] => [
    { text: name },
    { text: before },
    { text: "→" },
    { text: after },
    isBetter === undefined
      ? { text: difference }
      : { text: difference, colour: isBetter ? ("green" as const) : ("yellow" as const) },
    { text: isBetter === false ? "worse" : "" },
  ]);
  return textTable(["before → after", "", "", "", "", ""], rows, options);
}
