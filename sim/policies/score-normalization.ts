// How raw plugin scores become 0 to 100: pkg/scheduler/framework/plugins/helper/normalize_score.go.

/** What a plugin may give a node. */
export const NODE_SCORE_MAX = 100;

/** More is better: the largest becomes 100; where all are 0 they stay 0. In place, the first `size` entries. */
export function normalizeUp(scores: Float64Array, size: number): void {
  const max = largest(scores, size);
  if (max === 0) return;
  for (let index = 0; index < size; index++) {
    scores[index] = Math.trunc((NODE_SCORE_MAX * (scores[index] ?? 0)) / max);
  }
}

/** Fewer is better: 0 becomes 100 and the largest 0; where all are 0 they become 100. */
export function normalizeDown(scores: Float64Array, size: number): void {
  const max = largest(scores, size);
  for (let index = 0; index < size; index++) {
    const share = max === 0 ? 0 : Math.trunc((NODE_SCORE_MAX * (scores[index] ?? 0)) / max);
    scores[index] = NODE_SCORE_MAX - share;
  }
}

function largest(scores: Float64Array, size: number): number {
  let max = 0;
  for (let index = 0; index < size; index++) max = Math.max(max, scores[index] ?? 0);
  return max;
}
