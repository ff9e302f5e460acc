// A need with fewer kinds, where a linear program of all of them would be too large. Sizes of pods are only ever rounded
// down, and those of nodes up: what holds the need holds the coarser one, so that a bound of this is a bound of that.

import type { Resources } from "#model/resources.ts";
import type { AppNeed, NodeShape, PackingNeed, PodKind } from "./packing-need.ts";

/** How near sizes are that are taken for one, step by step. */
const RATIOS = [1.02, 1.1, 1.5, Infinity] as const;
/** Shapes multiply everything else. */
const SHAPES_MAX = 8;

/** @param variablesMax what the program may have: kinds and apps, for each shape. */
export function coarserNeed(need: PackingNeed, variablesMax: number): PackingNeed {
  const shapes = fewerShapes(need.shapes);
  let coarse: PackingNeed = { apps: need.apps, shapes };
  for (const ratio of RATIOS) {
    if (variablesOf(coarse) <= variablesMax) return coarse;
    coarse = { apps: need.apps.map((app) => mergedKinds(app, ratio)), shapes };
  }
  return coarse;
}

export function variablesOf({ apps, shapes }: PackingNeed): number {
  return shapes.length * apps.reduce((sum, { kinds }) => sum + kinds.length + 1, 1);
}

function mergedKinds({ kinds, ...app }: AppNeed, ratio: number): AppNeed {
  const step = (amount: number): number =>
    ratio === Infinity ? 0 : Math.floor(Math.log(Math.max(1, amount)) / Math.log(ratio));
  const alike = Map.groupBy(kinds, ({ size }) => `${step(size.cpuMilli)}/${step(size.memoryBytes)}`);
  return { ...app, kinds: [...alike.values()].map(merged) };
}

function merged(kinds: readonly PodKind[]): PodKind {
  return {
    size: least(kinds.map(({ size }) => size)),
    pods: kinds.reduce((sum, { pods }) => sum + pods, 0),
  };
}

function least(sizes: readonly Resources[]): Resources {
  const of = (resource: keyof Resources): number =>
    sizes.reduce((min, size) => Math.min(min, size[resource]), Infinity);
  return { cpuMilli: of("cpuMilli"), memoryBytes: of("memoryBytes") };
}

// The largest shapes are kept apart as long as there are not too many; the rest counts as the largest of the rest.
function fewerShapes(shapes: readonly NodeShape[]): readonly NodeShape[] {
  if (shapes.length <= SHAPES_MAX) return shapes;
  const common = [...shapes].sort((a, b) => b.count - a.count);
  const rest = common.slice(SHAPES_MAX - 1);
  const most = (value: (shape: NodeShape) => number): number =>
    rest.reduce((max, shape) => Math.max(max, value(shape)), 0);
  return [
    ...common.slice(0, SHAPES_MAX - 1),
    {
      free: {
        cpuMilli: most(({ free }) => free.cpuMilli),
        memoryBytes: most(({ free }) => free.memoryBytes),
      },
      slots: most(({ slots }) => slots),
      count: rest.reduce((sum, { count }) => sum + count, 0),
    },
  ];
}
