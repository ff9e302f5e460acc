// Whether a nominated node only waits for its victims. kube-scheduler retries the preemptor while they still terminate; a
// node then called unresolvable would make it preempt on another node as well, and on the next after that, since it
// waits for victims on the nominated node only if preempting there could help. B is what it cannot see, so that this
// happens between the end of the last victim it counts on and the last one that B needs.

import type { NodeName } from "#model/brand.ts";
import { type CostedDemand, rejectionOf } from "#model/fit.ts";
import type { LedgerView } from "#model/ledger.ts";
import { type Preemptor, supposedFor } from "./nominated-room.ts";
import { lesserPods } from "./preemption.ts";

/** True if the node, which rejects the pod now, takes it as soon as the pods preempted there have gone. */
export function awaitsVictims(ledger: LedgerView, name: NodeName, pod: CostedDemand & Preemptor): boolean {
  const node = supposedFor(pod, name, ledger);
  if (node === undefined) return false;
  const victims = [...lesserPods(ledger, node.account, pod)].filter(
    ({ isPreempted }) => isPreempted === true,
  );
  for (const { uid } of victims) node.remove(uid);
  return rejectionOf(node.account, pod) === undefined;
}
