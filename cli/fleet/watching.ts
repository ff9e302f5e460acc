// A command that shows something once, or again and again on the same screen.

import { setTimeout as delay } from "node:timers/promises";
import { stripVTControlCharacters } from "node:util";
import { UsageError } from "#runtime/usage-error.ts";

export interface Watching {
  readonly watch: boolean;
  readonly everySeconds: number;
  readonly output: string;
}

/** Where it is shown; rows and columns are of a terminal. */
export interface Screen {
  readonly isTTY?: boolean;
  readonly rows?: number;
  readonly columns?: number;
}

const CLEAR_SCREEN = "\u001B[H\u001B[2J";
const HOME = "\u001B[H";
const CLEAR_REST_OF_LINE = "\u001B[K";
const CLEAR_BELOW = "\u001B[J";
const HIDE_CURSOR = "\u001B[?25l";
const SHOW_CURSOR = "\u001B[?25h";

/**
 * Shows what `text` makes, until Ctrl-C if it is to be watched. On a terminal each look is written over the last, line by
 * line, so that nothing flickers; elsewhere below it.
 *
 * @throws UsageError as `text` does, at the first look; what goes wrong later is said, and looked at again.
 */
export async function shown(
  { watch, everySeconds, output }: Watching,
  text: () => Promise<string>,
  out: (text: string) => void,
): Promise<void> {
  if (!watch) return out(await text());
  const ending = new AbortController();
  process.once("SIGINT", () => ending.abort());
  process.once("SIGTERM", () => ending.abort());
  const screen: Screen = process.stdout;
  const isOverwritten = screen.isTTY === true && (output === "table" || output === "wide");
  let last = await text();
  let trouble = "";
  if (isOverwritten) out(HIDE_CURSOR + CLEAR_SCREEN);
  try {
    while (!ending.signal.aborted) {
      const head = `${trouble}${clockText()}, every ${everySeconds} s; Ctrl-C ends\n\n`;
      if (isOverwritten) out(frame(head + last, screen));
      else if (trouble !== "") process.stderr.write(trouble);
      else out(output === "yaml" ? `---\n${last}` : last);
      // An end is no failure.
      await delay(everySeconds * 1000, undefined, { signal: ending.signal }).catch(() => undefined);
      if (ending.signal.aborted) return;
      try {
        last = await text();
        trouble = "";
      } catch (error) {
        if (!(error instanceof UsageError)) throw error;
        trouble = `not read: ${error.message}\n`;
      }
    }
  } finally {
    if (isOverwritten) out(SHOW_CURSOR);
  }
}

/** One look as the terminal gets it: as much of it as there is room for, each line in the place of the one before. */
export function frame(text: string, { rows = 24, columns = 80 }: Screen): string {
  const lines = text.trimEnd().split("\n");
  const fits = lines.length <= rows - 1;
  const shownLines = fits ? lines : [...lines.slice(0, rows - 2), `… ${lines.length - rows + 2} more lines`];
  const cut = shownLines.map((line) => cutLine(line, columns) + CLEAR_REST_OF_LINE);
  return `${HOME}${cut.join("\n")}\n${CLEAR_BELOW}`;
}

// A line that wraps would push the others down. One with colours is cut without them.
function cutLine(line: string, columns: number): string {
  const plain = stripVTControlCharacters(line);
  return plain.length <= columns ? line : plain.slice(0, columns - 1) + "…";
}

function clockText(): string {
  return new Date().toTimeString().slice(0, 8);
}
