// How carefully a changed configuration is rolled out.

export interface RolloutRules {
  /** Nodes that have a version and have not proved good yet, at most; and at most this share of all. One at least. */
  readonly nodesMax: number;
  readonly nodesRatioMax: number;
  /** How long a node serves with a version before it counts as good. */
  readonly pauseMs: number;
  /** How much larger the share of failed requests may be than on nodes with the version before. */
  readonly errorMargin: number;
  /** Fewer say nothing of a share. */
  readonly requestsMin: number;
  /** Unplanned ends of the instance on one node. */
  readonly restartsMax: number;
  /** Whether a node with fewer requests counts as good by its health alone. */
  readonly withoutTraffic: "Continue" | "Wait";
  /** Goes no further, by the wish of its team. */
  readonly isPaused: boolean;
}

export const DEFAULT_ROLLOUT_RULES: RolloutRules = {
  nodesMax: 10,
  nodesRatioMax: 0.1,
  // A scrape or two, a few hundred requests of most apps, and thirty nodes in five minutes.
  pauseMs: 30_000,
  errorMargin: 0.05,
  requestsMin: 20,
  restartsMax: 0,
  withoutTraffic: "Continue",
  isPaused: false,
};

/** How many of so many nodes may have a version that is not proven on them. */
export function nodesAtOnce({ nodesMax, nodesRatioMax }: RolloutRules, nodes: number): number {
  return Math.max(1, Math.min(nodesMax, Math.floor(nodes * nodesRatioMax)));
}
