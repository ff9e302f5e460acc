// Whether an instance keeps its node from being ready.

import type { Instance } from "./instance.ts";

/** An app that keeps dying must not make the whole node unready for the others. */
const FAILURES_IN_READINESS_MAX = 4;

/** Not serving although it should. An app that waits for its ports waits for somebody else. */
export function isMissing({ state, isServing }: Instance): boolean {
  if (!state.isWanted || isServing || state.phase.kind === "waiting") return false;
  return state.failures <= FAILURES_IN_READINESS_MAX;
}
