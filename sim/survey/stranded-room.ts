// Free room on nodes in use that no typical pod can take:
//   stranded(r) = Σ over nodes free(n, r) · P(a pod of the mix does not fit on n),
// the expected fragmentation of Weng et al., "Beware of Fragmentation" (USENIX ATC'23), for CPU and memory:
// all free room of a node counts for a pod that the node does not take, and none for one that it does. Whether it does
// is the extender's own filter, A + B, limits and pod slots, under every policy: room that could only be had by an
// overcommit is no room.

import { costedDemand, type CostedDemand, cpuMilliFreeAfter, memoryBytesFreeAfter } from "#model/fit.ts";
import type { LedgerView } from "#model/ledger.ts";
import type { SurveyedNode, SurveyedPod } from "./surveyed-cluster.ts";
import { takesPod } from "./takes-pod.ts";

export interface StrandedRoom {
  readonly freeCpuMilli: number;
  readonly freeMemoryBytes: number;
  readonly strandedCpuMilli: number;
  readonly strandedMemoryBytes: number;
}

export function strandedRoom(
  nodes: readonly SurveyedNode[],
  mix: readonly SurveyedPod[],
  ledger: LedgerView,
): StrandedRoom {
  const kinds = kindsOf(mix, ledger);
  const sum = { freeCpuMilli: 0, freeMemoryBytes: 0, strandedCpuMilli: 0, strandedMemoryBytes: 0 };
  const [first] = kinds;
  if (first === undefined) return sum;
  for (const { account } of nodes) {
    const cpuMilli = Math.max(0, cpuMilliFreeAfter(account, first.demand, 0));
    const memoryBytes = Math.max(0, memoryBytesFreeAfter(account, first.demand, 0));
    const unfitShare = kinds.reduce(
      (share, kind) => share + (takesPod(account, kind.demand) ? 0 : kind.share),
      0,
    );
    sum.freeCpuMilli += cpuMilli;
    sum.freeMemoryBytes += memoryBytes;
    sum.strandedCpuMilli += cpuMilli * unfitShare;
    sum.strandedMemoryBytes += memoryBytes * unfitShare;
  }
  return sum;
}

interface PodKind {
  readonly demand: CostedDemand;
  share: number;
}

// Pods of one app and one size are answered alike.
function kindsOf(mix: readonly SurveyedPod[], ledger: LedgerView): readonly PodKind[] {
  const kinds = new Map<string, PodKind>();
  for (const { demand } of mix) {
    const { app, request } = demand;
    const key = `${app ?? ""} ${request.cpuMilli} ${request.memoryBytes}`;
    const known = kinds.get(key) ?? { demand: costedDemand(demand, ledger), share: 0 };
    known.share += 1 / mix.length;
    kinds.set(key, known);
  }
  return [...kinds.values()];
}
