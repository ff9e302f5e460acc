// A table with a question for its title: the same in the terminal and in the browser.

export interface ReportSection {
  readonly title: string;
  /** What a reader has to know to read the figures. */
  readonly note?: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly SectionCell[])[];
}

export interface SectionCell {
  readonly text: string;
  readonly tone?: "good" | "bad" | "warning";
}
