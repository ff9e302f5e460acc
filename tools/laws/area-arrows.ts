// The import graph from far above: how many files each area has and how many imports lead from one area to another.

import type { ImportGraph } from "./import-graph.ts";
import { type Area, areaOf } from "./import-law.ts";

export interface AreaArrow {
  readonly from: Area;
  readonly to: Area;
  readonly imports: number;
}

export interface AreaMap {
  readonly files: ReadonlyMap<Area, number>;
  /** Between two areas of production code, sorted by name. */
  readonly arrows: readonly AreaArrow[];
}

export function areaMap({ files, arrows }: ImportGraph): AreaMap {
  const counts = new Map<string, AreaArrow>();
  for (const arrow of arrows) {
    const [from, to] = [areaOf(arrow.from), arrow.to.kind === "file" ? areaOf(arrow.to.path) : undefined];
    if (from === undefined || to === undefined || from === to || from === "tests" || to === "tests") continue;
    const key = `${from} ${to}`;
    counts.set(key, { from, to, imports: (counts.get(key)?.imports ?? 0) + 1 });
  }
  return {
    files: countAreas(files.map(({ path }) => areaOf(path))),
    arrows: [...counts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, arrow]) => arrow),
  };
}

function countAreas(areas: readonly (Area | undefined)[]): ReadonlyMap<Area, number> {
  const counts = new Map<Area, number>();
  for (const area of areas) if (area !== undefined) counts.set(area, (counts.get(area) ?? 0) + 1);
  return counts;
}
