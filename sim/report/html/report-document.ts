// A report before it is drawn: questions, and the blocks that answer them. What is shown is decided here; how, by the page.

export interface ReportDocument {
  readonly title: string;
  /** What was looked at, in a sentence. */
  readonly subject: string;
  readonly changes: readonly Change[];
  /** What the changes compare, in a sentence. */
  readonly changesNote: string;
  readonly sections: readonly Section[];
  readonly provenance: Provenance;
}

/** before → after, as people read it. */
export interface Change {
  readonly name: string;
  readonly before: string;
  readonly after: string;
  /** Such as −63 %. */
  readonly difference: string;
  readonly isBetter: boolean | undefined;
}

export interface Section {
  /** Unique, for links. */
  readonly id: string;
  /** A question. */
  readonly title: string;
  readonly blocks: readonly Block[];
}

export type Block =
  | { readonly kind: "text"; readonly text: string }
  | ({ readonly kind: "table" } & DataTable)
  | ({ readonly kind: "bars" } & BarChart)
  | ({ readonly kind: "lines" } & LineChart)
  | { readonly kind: "fold"; readonly title: string; readonly blocks: readonly Block[] };

export interface DataTable {
  readonly caption: string;
  readonly head: readonly string[];
  /** The first cell names its row. */
  readonly rows: readonly (readonly DataCell[])[];
}

export interface DataCell {
  readonly text: string;
  readonly tone?: Tone | undefined;
}

export type Tone = "good" | "bad" | "warning";

export interface BarChart {
  readonly caption: string;
  readonly bars: readonly Bar[];
  readonly format: (value: number) => string;
  /** What a bar's bound is; absent where none has one. */
  readonly boundName?: string;
  /** What the distance to the bound is called: "above it" if absent. */
  readonly gapName?: string;
}

export interface Bar {
  readonly name: string;
  readonly value: number;
  /** What cannot be passed, from whichever side; or what it is held against. */
  readonly bound?: number | undefined;
  /** Half the width of the value's 95 % interval. */
  readonly halfWidth?: number | undefined;
  readonly isOurs: boolean;
}

export interface LineChart {
  readonly caption: string;
  readonly unit: Unit;
  readonly lines: readonly Line[];
}

export type Unit = "count" | "bytes" | "cores";

export interface Line {
  readonly name: string;
  readonly points: readonly { readonly atSeconds: number; readonly value: number }[];
  readonly isOurs: boolean;
}

/** What it takes to make the report again. */
export interface Provenance {
  readonly version: string;
  /** Or several, in words. */
  readonly seed: number | string;
  readonly inputs: readonly InputFile[];
  /** Options that are not defaults, as they were given. */
  readonly options: readonly string[];
}

export interface InputFile {
  readonly name: string;
  readonly bytes: number;
  readonly sha256: string;
}
