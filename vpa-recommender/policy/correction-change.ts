// Which changes of a node's correction are written down.

import type { Correction } from "#model/correction.ts";

/** A smaller change is not worth a write, nor worth making every reader recompute. */
const PUBLISH_CHANGE_MIN = 0.05;

export function isWorthPublishing(published: Correction, estimate: Correction): boolean {
  return (
    Math.abs(estimate.cpu - published.cpu) > PUBLISH_CHANGE_MIN ||
    Math.abs(estimate.memory - published.memory) > PUBLISH_CHANGE_MIN
  );
}
