// What happened in races of nominate mode.

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
};
