// Files that import each other in a circle, types included. A worker's entry file is no import: it starts a new program.

import type { ImportGraph } from "./import-graph.ts";

/** Each cycle as the files along it; empty if there is none. */
export function importCycles({ arrows }: ImportGraph): readonly (readonly string[])[] {
  const targets = new Map<string, string[]>();
  for (const { from, to, kind } of arrows) {
    if (to.kind === "file" && kind !== "entry") targets.set(from, [...(targets.get(from) ?? []), to.path]);
  }
  const cycles: (readonly string[])[] = [];
  const finished = new Set<string>();
  const path: string[] = [];
  for (const start of targets.keys()) visit(start);
  return cycles;

  function visit(file: string): void {
    if (finished.has(file)) return;
    const begin = path.indexOf(file);
    if (begin !== -1) {
      cycles.push(path.slice(begin));
      return;
    }
    path.push(file);
    for (const target of targets.get(file) ?? []) visit(target);
    path.pop();
    finished.add(file);
  }
}
