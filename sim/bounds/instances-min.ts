// On how many nodes an app has to be at least, whatever else is packed: its minimum classes (arXiv 2509.10075). No node
// holds more of its pods than its limit, its slots, or its room beside the base allow, the smallest pods first.

import type { Resources } from "#model/resources.ts";
import type { AppNeed, NodeShape } from "./packing-need.ts";

/** Infinity if a pod of the app fits on no node. */
export function instancesMin(app: AppNeed, shapes: readonly NodeShape[]): number {
  const pods = app.kinds.reduce((sum, kind) => sum + kind.pods, 0);
  if (pods === 0) return 0;
  const podsMax = shapes.reduce((most, shape) => Math.max(most, podsOnNodeMax(app, shape)), 0);
  const byRoom = (resource: keyof Resources): number => {
    const work = app.kinds.reduce((sum, { size, pods: count }) => sum + count * size[resource], 0);
    const room = shapes.reduce((most, { free }) => Math.max(most, free[resource] - app.base[resource]), 0);
    return work === 0 ? 1 : Math.ceil(work / room);
  };
  return Math.max(Math.ceil(pods / podsMax), byRoom("cpuMilli"), byRoom("memoryBytes"));
}

/** How many of the app's pods one node of the shape can hold. */
export function podsOnNodeMax({ base, kinds, podsPerNodeMax }: AppNeed, { free, slots }: NodeShape): number {
  const byRoom = (resource: keyof Resources): number => {
    let room = free[resource] - base[resource];
    if (room < 0) return 0;
    let count = 0;
    for (const { size, pods } of kinds.toSorted((a, b) => a.size[resource] - b.size[resource])) {
      const taken = size[resource] === 0 ? pods : Math.min(pods, Math.floor(room / size[resource]));
      count += taken;
      room -= taken * size[resource];
      if (taken < pods) break;
    }
    return count;
  };
  return Math.min(podsPerNodeMax, slots, byRoom("cpuMilli"), byRoom("memoryBytes"));
}

/** Whether a pod of this size fits on an empty node, with its instance. */
export function fitsAlone(size: Resources, base: Resources, { free, slots }: NodeShape): boolean {
  return (
    slots > 0 &&
    size.cpuMilli + base.cpuMilli <= free.cpuMilli &&
    size.memoryBytes + base.memoryBytes <= free.memoryBytes
  );
}
