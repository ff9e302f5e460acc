// What a node's proxy has to carry and what room it has: the pods bound to the node, and those nominated to it, which are
// on their way. The proxy grows before they run; and since their own requests (A) are counted, too, it never grows into
// the room that they come for. Nor into that of a next proxy which waits for this node, or was bound to it a moment ago.

import type { NodeName, PodUid } from "#model/brand.ts";
import type { LedgerView } from "#model/ledger.ts";
import { required } from "#model/mesh-cost.ts";
import type { NodeAccount } from "#model/node-ledger.ts";
import { addResources, noResources, type Resources, subtractResources } from "#model/resources.ts";
import type { NodeSituation } from "./resize-planner.ts";

/** The proxy that is to be sized. */
export interface SizedProxy {
  readonly uid: PodUid;
  readonly current: Resources;
  readonly infeasible: Resources | undefined;
  /** The proxy that is to take over from this one. */
  readonly next?: { readonly uid: PodUid; readonly requests: Resources } | undefined;
}

export interface PlannedSituation extends NodeSituation {
  /** What the pods on the node call for by the model alone: it changes as they come and go, and with no measurement. */
  readonly planned: Resources;
}

export interface SituationInput {
  readonly name: NodeName;
  readonly proxy: SizedProxy;
  /** What the proxy is sized by; what placement counts, if nothing was measured. */
  readonly requiredOf?: (node: NodeAccount) => Resources;
  /** What it will be sized by soon. */
  readonly aheadOf?: (node: NodeAccount) => Resources;
}

/** Undefined for a node that is not known. */
export function nodeSituation(
  ledger: LedgerView,
  { name, proxy: { uid, current, infeasible, next }, requiredOf = required, aheadOf }: SituationInput,
): PlannedSituation | undefined {
  const node = expectedAccount(ledger, name);
  if (node === undefined) return undefined;
  let others = noResources;
  for (const proxy of node.proxies.values())
    if (proxy.uid !== uid) others = addResources(others, proxy.request);
  return {
    required: requiredOf(node),
    ahead: aheadOf?.(node),
    planned: addResources(node.proxyBase, node.modelCost),
    reserved: required(node),
    current,
    infeasible,
    // Once it is bound it is one of the others.
    awaited: next === undefined || node.proxies.has(next.uid) ? undefined : next.requests,
    ceiling: subtractResources(subtractResources(node.allocatable, node.requested), others),
  };
}

function expectedAccount(ledger: LedgerView, name: NodeName): NodeAccount | undefined {
  const nominated = ledger.nominatedTo(name);
  if (nominated.length === 0) return ledger.node(name);
  const node = ledger.suppose(name);
  for (const pod of nominated) node?.add(pod);
  return node?.account;
}
