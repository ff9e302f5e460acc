// A comparison for programs: the value itself, figures that do not exist as null.

import type { Comparison } from "../engine/comparison.ts";

export function comparisonJson(comparison: Comparison): string {
  return `${JSON.stringify(comparison, (_key, value: unknown) => (value === undefined ? null : value), 2)}\n`;
}
