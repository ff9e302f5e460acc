// The last of one resource on a node that has much of the other left is kept for pods that take little of it. A pod
// takes lean room if it leaves
//   left(scarce) < 4 % and left(plentiful) > 25 %   and takes   taken(scarce) > ⅓ · taken(plentiful),
// all as shares of the node, for either resource. Where nothing is kept, pods that take much of one resource use it up
// on every node, and those that come later and take much of the other need new nodes beside idle room
// (docs/decisions/0044-lean-room.md). It is kept as a hold is: avoided where another node takes the pod, never enforced.

/** A share of the node for each resource. */
export interface Shares {
  readonly cpu: number;
  readonly memory: number;
}

/** What is kept. */
export const LEAN_SHARE = 0.04;
/** For less than this of the other resource nothing is kept. */
const PLENTY_SHARE = 0.25;
/** A lean pod takes at most so much of the scarce resource for what it takes of the plentiful one. */
const LEAN_RATIO = 1 / 3;

export interface LeanRoomQuestion {
  /** By one pod, in the long run: A and what each further pod of its app makes the proxy grow by. */
  readonly taken: Shares;
  /** What is left with the pods there is between these two. */
  readonly leftMin: Shares;
  readonly leftMax: Shares;
}

/** Whether the pods certainly take lean room. */
export function takesLeanRoom({ taken, leftMin, leftMax }: LeanRoomQuestion): boolean {
  return (
    (isUsedUp(leftMax.cpu, leftMin.memory) && taken.cpu > LEAN_RATIO * taken.memory) ||
    (isUsedUp(leftMax.memory, leftMin.cpu) && taken.memory > LEAN_RATIO * taken.cpu)
  );
}

function isUsedUp(scarceLeft: number, plentyLeft: number): boolean {
  return scarceLeft < LEAN_SHARE && plentyLeft > PLENTY_SHARE;
}
