// Aligned columns of text.

export interface Cell {
  readonly text: string;
  readonly colour?: Colour;
}

export type Colour = "red" | "green" | "yellow";

export interface TableOptions {
  readonly hasColour: boolean;
}

const ESCAPES: Readonly<Record<Colour, string>> = {
  red: "\u001B[31m",
  green: "\u001B[32m",
  yellow: "\u001B[33m",
};
const RESET = "\u001B[0m";

/** A head and rows; the first column to the left, all others to the right. */
export function textTable(
  head: readonly string[],
  rows: readonly (readonly Cell[])[],
  { hasColour }: TableOptions,
): string {
  const lines = [head.map((text): Cell => ({ text })), ...rows];
  const widths = head.map((_, column) => Math.max(...lines.map((line) => line[column]?.text.length ?? 0)));
  return lines
    .map((line) =>
      line
        .map(({ text, colour }, column) => {
          const width = widths[column] ?? 0;
          const padded = column === 0 ? text.padEnd(width) : text.padStart(width);
          return hasColour && colour !== undefined ? `${ESCAPES[colour]}${padded}${RESET}` : padded;
        })
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}
