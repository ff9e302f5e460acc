// How large what is published may become before somebody has to say why.

import type { ReleaseFile } from "./release-files.ts";

const MIB = 1024 ** 2;

/** By the end of the file's name. The image is Node (121 MiB), its libraries, the packages and our sources, uncompressed. */
const BUDGETS: Readonly<Record<string, number>> = {
  "-image.tar": 200 * MIB,
  ".tgz": 1.5 * MIB,
  ".yaml": MIB,
  ".cdx.json": MIB,
};

/** What is wrong with the file's size, if something is. A file without a budget is wrong, too. */
export function sizeTrouble({
  name,
  sizeBytes,
}: Pick<ReleaseFile, "name" | "sizeBytes">): string | undefined {
  const budget = Object.entries(BUDGETS).find(([suffix]) => name.endsWith(suffix))?.[1];
  if (budget === undefined) return `${name}: there is no budget for it (tools/release/size-budgets.ts)`;
  if (sizeBytes <= budget) return undefined;
  return `${name}: ${sizeBytes} bytes, over its budget of ${budget}; make it smaller, or raise the budget and say why`;
}
