// Resources for people to read: CPU in millicores, memory in whole mebibytes.

import type { Resources } from "#model/resources.ts";
import type { ResourceRange } from "../policy/explanation.ts";

export function amountText({ cpuMilli, memoryBytes }: Resources): string {
  return `${cpuMilli}m ${mebibytes(memoryBytes)}`;
}

export function rangeText({ min, max }: ResourceRange): string {
  const [low, high] = [amountText(min), amountText(max)];
  return low === high ? low : `${low} … ${high}`;
}

/** Only what is missing at all. */
export function missingText({ cpuMilli, memoryBytes }: Resources): string {
  const parts = [
    ...(cpuMilli > 0 ? [`${cpuMilli}m CPU`] : []),
    ...(memoryBytes > 0 ? [`${mebibytes(memoryBytes)} memory`] : []),
  ];
  return parts.join(" and ");
}

// Rounded up: who makes room should make enough.
function mebibytes(bytes: number): string {
  return `${Math.ceil(bytes / 1024 ** 2)}Mi`;
}
