// How many feasible nodes kube-scheduler looks for before it stops and scores those: pkg/scheduler/schedule_one.go,
// numFeasibleNodesToFind.

const NODES_MIN = 100;
const PERCENTAGE_MIN = 5;

/** @param percentage percentageOfNodesToScore; 0 adapts it to the number of nodes: 50 − nodes/125, at least 5. */
export function feasibleNodesToFind(nodes: number, percentage: number): number {
  if (nodes < NODES_MIN) return nodes;
  const share = percentage === 0 ? Math.max(PERCENTAGE_MIN, 50 - Math.trunc(nodes / 125)) : percentage;
  return Math.max(NODES_MIN, Math.trunc((nodes * share) / 100));
}
