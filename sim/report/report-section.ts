// A table with a question for its title: the same in the terminal and in the browser, which draws its charts besides.

import type { BarChart } from "./html/report-document.ts";

export interface ReportSection {
  /** What its table is called among others, such as "Headroom". */
  readonly name: string;
  readonly title: string;
  /** What a reader has to know to read the figures. */
  readonly note?: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly SectionCell[])[];
  /** What of the table is worth seeing at a glance. */
  readonly charts?: readonly BarChart[];
}

export interface SectionCell {
  readonly text: string;
  readonly tone?: "good" | "bad" | "warning";
}
