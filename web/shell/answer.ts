// A part's answer to a question about something that may not be there.

import { OperationError } from "#runtime/operation-error.ts";

export interface Answer {
  readonly reply?: unknown;
  /** The part's own words, where it knows nothing of what was asked about. */
  readonly refusal?: string;
}

/** @throws OperationError if the part is not reached. */
export async function answerOf(asked: Promise<unknown>): Promise<Answer> {
  try {
    return { reply: await asked };
  } catch (error) {
    if (error instanceof OperationError && error.code === "ComponentRefused")
      return { refusal: error.message };
    throw error;
  }
}
