// A command that shows something once, or again and again on the same screen.

import { setTimeout as delay } from "node:timers/promises";

const CLEAR_SCREEN = "\u001B[H\u001B[2J";

export interface Watching {
  readonly watch: boolean;
  readonly everySeconds: number;
}

/** Shows what `text` makes, until Ctrl-C if it is to be watched; each time anew below the last where there is no terminal. */
export async function shown(
  { watch, everySeconds }: Watching,
  text: () => Promise<string>,
  out: (text: string) => void,
): Promise<void> {
  if (!watch) return out(await text());
  const ending = new AbortController();
  process.once("SIGINT", () => ending.abort());
  process.once("SIGTERM", () => ending.abort());
  while (!ending.signal.aborted) {
    const now = await text();
    out(process.stdout.isTTY === true ? CLEAR_SCREEN + now : now);
    // An end is no failure.
    await delay(everySeconds * 1000, undefined, { signal: ending.signal }).catch(() => undefined);
  }
}
