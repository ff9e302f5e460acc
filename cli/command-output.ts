// Where a command that works for a while says what: its answer, and how far it is.

import { wantsColour } from "./wants-colour.ts";

export interface CommandOutput {
  /** The answer: equal options and inputs give equal bytes. */
  readonly out: (text: string) => void;
  /** Warnings, and on a terminal what is being worked on. */
  readonly progress: (text: string) => void;
  /** Of `progress`. */
  readonly isTerminal: boolean;
  readonly hasColour: boolean;
}

/** This process's own. */
export function standardOutput(): CommandOutput {
  return {
    out: (text) => void process.stdout.write(text),
    progress: (text) => void process.stderr.write(text),
    isTerminal: process.stderr.isTTY === true,
    hasColour: wantsColour(),
  };
}
