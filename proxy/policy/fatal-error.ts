// Why V8 aborted a process, from the last words that it printed.

export interface FatalError {
  readonly reason: "out-of-memory" | "aborted";
  readonly message: string;
}

const FATAL_LINE = /^FATAL ERROR: (.{1,200})/m;
const OUT_OF_MEMORY = /out of memory|heap limit/i;

/** @returns undefined if they say nothing of an error of V8's. */
export function fatalErrorOf(lastWords: string): FatalError | undefined {
  const message = FATAL_LINE.exec(lastWords)?.[1];
  if (message === undefined) return undefined;
  return { reason: OUT_OF_MEMORY.test(message) ? "out-of-memory" : "aborted", message };
}
