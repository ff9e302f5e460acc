// A scorer of one's own: nodes where the app already runs first, and of the others those with the fewest apps.

import type { Scorer } from "#sim/scenario/scorer.ts";

export const scorer: Scorer = {
  name: "fewest-apps",
  summary: "where the app already runs, else where the fewest apps do",
  score: ({ node }) => (node.podsOfApp > 0 ? 1 : 0) - node.apps / 1000,
};
