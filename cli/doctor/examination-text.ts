// An examination as text: the totals, then each finding with its mend below it.

import type { Examination, Examined } from "./examination.ts";
import type { Level } from "./finding.ts";

const MARKS: Readonly<Record<Level, string>> = { ok: "ok", warning: "warn", fault: "FAULT", unknown: "?" };
const COLOURS: Readonly<Record<Level, string>> = {
  ok: "\u001B[32m",
  warning: "\u001B[33m",
  fault: "\u001B[31m",
  unknown: "\u001B[36m",
};
const RESET = "\u001B[0m";

export function examinationText(
  { counts, findings }: Examination,
  { hasColour }: { readonly hasColour: boolean },
): string {
  const nameWidth = Math.max(...findings.map(({ check }) => check.length));
  const markWidth = Math.max(...Object.values(MARKS).map((mark) => mark.length));
  const indent = " ".repeat(markWidth + nameWidth + 4);
  const line = ({ check, level, what, mend }: Examined): string => {
    const mark = MARKS[level].padEnd(markWidth);
    const shown = hasColour ? `${COLOURS[level]}${mark}${RESET}` : mark;
    return `${shown}  ${check.padEnd(nameWidth)}  ${what}\n${mend === undefined ? "" : `${indent}→ ${mend}\n`}`;
  };
  const totals = `${counts.fault} faults, ${counts.warning} warnings, ${counts.unknown} unknown, ${counts.ok} ok`;
  return `${totals}\n\n${findings.map(line).join("")}`;
}
