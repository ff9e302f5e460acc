// The flags of a bench that has some: texts, counts, and a choice among names.

import { parseArgs } from "node:util";
import { UsageError } from "#runtime/usage-error.ts";

type TextFlags = Readonly<Record<string, { readonly type: "string" }>>;

/** @throws UsageError for a flag that is none of these, or lacks its text. */
export function parseTextFlags<T extends TextFlags>(
  argv: readonly string[],
  options: T,
): { readonly [Name in keyof T]?: string } {
  try {
    return parseArgs({ args: [...argv], options }).values as { readonly [Name in keyof T]?: string };
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

/** @throws UsageError for what is no whole number from 1. */
export function countOf(flag: string, text: string | undefined, absent: number): number {
  if (text === undefined) return absent;
  const count = Number(text);
  if (!Number.isSafeInteger(count) || count < 1)
    throw new UsageError(`--${flag} must be a whole number from 1`);
  return count;
}
