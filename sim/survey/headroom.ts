// How many more pods fit before the first one is rejected: pods are drawn from the mix, again and again, and placed by the
// policy ("workload inflation": Verma, Korupolu and Wilkes, "Evaluating job packing in warehouse-scale computing",
// IEEE CLUSTER 2014). No placement of the same pods has more than their requests and the room of all nodes allow.

import { costedDemand, freeRoom } from "#model/fit.ts";
import type { LedgerView } from "#model/ledger.ts";
import type { NodeLedger } from "#model/node-ledger.ts";
import type { Resources } from "#model/resources.ts";
import { SeededRandom } from "../seeded-random.ts";
import type { SurveyedPod } from "./surveyed-cluster.ts";
import { slotsLeft, takesPod } from "./takes-pod.ts";

export interface Headroom {
  readonly pods: number;
  /** At most so many, however they are placed. */
  readonly podsBound: number;
  /** False if so many were placed that it was given up: there is room for more. */
  readonly isFull: boolean;
  /** Some node had room for the pod that waits: a limit per node or zone, or a rule of the scheduler's, keeps it out. */
  readonly roomIsLeft: boolean;
}

/** Beyond it nobody plans by this figure, and the slowest policies take a second or two for so many. */
export const HEADROOM_PODS_MAX = 5_000;

export interface HeadroomQuestion {
  readonly mix: readonly SurveyedPod[];
  readonly seed: number;
  /** For what apps cost; of the cluster, or of one like it. */
  readonly ledger: LedgerView;
  /** All there are, as they are before the first. */
  readonly nodes: Iterable<NodeLedger>;
  /** Gives one more pod like this a node, under a name of its own; false if it has to wait. */
  readonly place: (pod: SurveyedPod, number: number) => boolean;
}

/** Undefined without pods to draw from. */
export function headroom({ mix, seed, ledger, nodes, place }: HeadroomQuestion): Headroom | undefined {
  const random = new SeededRandom(seed);
  const drawn = Array.from({ length: HEADROOM_PODS_MAX }, () => mix[random.integer(mix.length)]);
  const podsBound = fitting(drawn, nodes);
  let pods = 0;
  for (const pod of drawn) {
    if (pod === undefined) return undefined;
    if (!place(pod, pods)) return { pods, podsBound, isFull: true, roomIsLeft: hasRoom(pod, nodes, ledger) };
    pods++;
  }
  return { pods, podsBound, isFull: false, roomIsLeft: true };
}

function hasRoom({ demand }: SurveyedPod, nodes: Iterable<NodeLedger>, ledger: LedgerView): boolean {
  const unlimited = { ...costedDemand(demand, ledger), maxPodsPerNode: Infinity, zones: undefined };
  for (const node of nodes) if (takesPod(node, unlimited)) return true;
  return false;
}

// As many of them, in order, as all free room together holds.
function fitting(drawn: readonly (SurveyedPod | undefined)[], nodes: Iterable<NodeLedger>): number {
  let room: Resources = { cpuMilli: 0, memoryBytes: 0 };
  let slots = 0;
  for (const node of nodes) {
    const { cpuMilli, memoryBytes } = freeRoom(node);
    room = {
      cpuMilli: room.cpuMilli + Math.max(0, cpuMilli),
      memoryBytes: room.memoryBytes + Math.max(0, memoryBytes),
    };
    slots += slotsLeft(node);
  }
  let cpuMilli = 0;
  let memoryBytes = 0;
  for (const [count, pod] of drawn.entries()) {
    cpuMilli += pod?.demand.request.cpuMilli ?? 0;
    memoryBytes += pod?.demand.request.memoryBytes ?? 0;
    if (cpuMilli > room.cpuMilli || memoryBytes > room.memoryBytes || count >= slots) return count;
  }
  return drawn.length;
}
