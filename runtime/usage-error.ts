// What the user gave cannot work. The message says where and how to mend it; commands print it and exit with 2.

export class UsageError extends Error {
  override readonly name = "UsageError";
}

export const USAGE_EXIT_CODE = 2;
