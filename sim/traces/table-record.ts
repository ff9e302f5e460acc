// One row of a table, whatever kind of file it stands in. The first record of a file names its columns.

export interface TableRecord {
  /** Line, or row in a file without lines; counted from 1, where the record ends if it spans several lines. */
  readonly line: number;
  readonly fields: readonly string[];
}

/** Where a record stands, as error messages begin. */
export type RecordPlace = (line: number) => string;
