// A proxy's size in words: what is planned for it, and what is not as it should be.

import type { ExplainedRecommendation } from "#vpa-recommender/policy/recommendation.ts";
import type { HoldReason, ResizeReason } from "#vpa-recommender/policy/resize-planner.ts";

export const PLANS: Readonly<Record<string, string>> = {
  rightSize: "right as it is",
  podsMayFollow: "headroom waits until no more pods follow",
  surplusIsYoung: "its surplus has not lasted yet",
  givenBack: "what it gave back a while ago is left alone, since no pods came since",
  underway: "a resize is underway",
  cooling: "the last size was refused or put off, and is tried again later",
  noRoom: "the node has no room for more",
  appsJoined: "about to grow, apps joined",
  loadRose: "about to grow, load rose",
  headroomUsed: "about to grow, its headroom is used up",
  surplusLasted: "about to shrink, its surplus lasted",
  lentToNext: "about to lend to the next proxy of the node",
} satisfies Readonly<Record<HoldReason | ResizeReason, string>>;

/** Why it was changed. */
export const CHANGES: Readonly<Record<string, string>> = {
  appsJoined: "apps had joined",
  loadRose: "load had risen",
  headroomUsed: "its headroom was used up",
  surplusLasted: "its surplus had lasted",
  lentToNext: "it lent to the next proxy of the node",
} satisfies Readonly<Record<ResizeReason, string>>;

export const MODES = {
  Off: "it is not resized",
  Initial: "it was sized when it was new",
  InPlace: "",
} as const;

export const CONDITIONS: Readonly<Record<ExplainedRecommendation["conditions"][number], string>> = {
  Short: "it has less than its node calls for",
  Deferred: "kubelet put the resize off until there is room",
  Infeasible: "kubelet says that the size can never fit",
};
