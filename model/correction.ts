// What a node's proxy was seen to need against what the model adds up to; published by the recommender as an
// annotation on the proxy pod, read by everyone who computes required(n).

export interface Correction {
  readonly cpu: number;
  readonly memory: number;
}

export const CORRECTION_ANNOTATION = "berth.dev/correction";

/** A node without history is taken at the model's word. */
export const NO_CORRECTION: Correction = { cpu: 1, memory: 1 };

/** Measurements may halve or triple the model and no more: beyond that the profile is wrong, not the node. */
export const CORRECTION_MIN = 0.5;
export const CORRECTION_MAX = 3;

export function boundCorrection(correction: Correction): Correction {
  return { cpu: bound(correction.cpu), memory: bound(correction.memory) };
}

export function equalCorrection(a: Correction, b: Correction): boolean {
  return a.cpu === b.cpu && a.memory === b.memory;
}

function bound(factor: number): number {
  return Number.isFinite(factor) ? Math.min(CORRECTION_MAX, Math.max(CORRECTION_MIN, factor)) : 1;
}
