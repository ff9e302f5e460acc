// What happened in races.

/** A race in which nothing happens proves nothing. */
export interface RaceTally {
  bound: number;
  boundAsNominated: number;
  brokenPromises: number;
  bindingsFailed: number;
  crashes: number;
  deleted: number;
  lateWrites: number;
  lostAnswers: number;
  changedWrites: number;
  renewals: number;
  cleared: number;
  liftedAtDeadline: number;
  resizesRefused: number;
  gangsGivenUp: number;
  /** Bindings to a node other than the promised one. */
  wrongGuesses: number;
  /** Bindings after which a node was short or an app beyond its limit. */
  overcommits: number;
}

export const NO_TALLY: RaceTally = {
  bound: 0,
  boundAsNominated: 0,
  brokenPromises: 0,
  bindingsFailed: 0,
  crashes: 0,
  deleted: 0,
  lateWrites: 0,
  lostAnswers: 0,
  changedWrites: 0,
  renewals: 0,
  cleared: 0,
  liftedAtDeadline: 0,
  resizesRefused: 0,
  gangsGivenUp: 0,
  wrongGuesses: 0,
  overcommits: 0,
};
