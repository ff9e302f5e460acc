// What Berth would change against sidecars, as before → after, in a comparison that has both.

import type { ComparedRun } from "../engine/comparison.ts";
import { BASELINE_POLICY, BERTH_POLICY } from "../engine/policies.ts";
import { changeOf } from "./change.ts";
import { coresText, memoryText } from "./figures.ts";
import type { Change } from "./html/report-document.ts";
import { furtherChanges, riskChanges } from "./survey-changes.ts";

/** Berth against the baseline where both ran, in the last order: the shuffled one, which is the harder. */
export function changedPair(runs: readonly ComparedRun[]): readonly [ComparedRun, ComparedRun] | undefined {
  const after = runs.findLast(({ policy }) => policy === BERTH_POLICY) ?? runs.at(-1);
  const before = runs.findLast(({ policy, order }) => policy === BASELINE_POLICY && order === after?.order);
  return before === undefined || after === undefined || before === after ? undefined : [before, after];
}

/** What the mesh takes when most pods run. */
export function costChanges(runs: readonly ComparedRun[]): readonly Change[] {
  const pair = changedPair(runs);
  if (pair === undefined) return [];
  const [before, after] = pair;
  const change = (
    name: string,
    value: (run: ComparedRun) => number,
    text?: (value: number) => string,
  ): Change => changeOf(name, [value(before), value(after)], text);
  return [
    change("nodes in use", ({ peak }) => peak.nodesUsed),
    change("memory of the mesh", ({ peak }) => peak.meshMemoryBytesGranted, memoryText),
    change("CPU cores of the mesh", ({ peak }) => peak.meshCpuMilliGranted, coresText),
    change("instances of the mesh", ({ peak }) => peak.instances),
  ];
}

/** What hangs on one node or zone. */
export function riskOf(runs: readonly ComparedRun[]): readonly Change[] {
  return surveyed(runs, riskChanges);
}

/** What the mesh has to know, and what more would fit. */
export function furtherOf(runs: readonly ComparedRun[]): readonly Change[] {
  return surveyed(runs, furtherChanges);
}

function surveyed(runs: readonly ComparedRun[], changes: typeof riskChanges): readonly Change[] {
  const [before, after] = changedPair(runs)?.map(({ survey }) => survey) ?? [];
  return before === undefined || after === undefined ? [] : changes(before, after);
}
