// Which mesh pods admission holds back until the placement controller has chosen their node. A gate can only be set at
// creation, and whoever sets it has to see that it is lifted: the caller asks only while a controller is at work.

import { PROXY_LABEL } from "#model/app.ts";
import { PLACEMENT_GATE } from "#model/placing-view.ts";
import type { JsonPatchOperation } from "./injection.ts";

/** The parts of a pod that gating reads. */
export interface GateablePod {
  readonly metadata?: {
    readonly labels?: Readonly<Record<string, string>> | null;
    readonly ownerReferences?: readonly { readonly kind: string; readonly controller?: boolean }[] | null;
  };
  readonly spec?: {
    readonly nodeName?: string;
    readonly schedulingGates?: readonly { readonly name: string }[] | null;
  };
  readonly status?: { readonly nominatedNodeName?: string | null };
}

/** RFC 6902 operations that add the gate; none for a pod whose node is chosen already, or not Berth's to choose. */
export function gatePatch({ metadata, spec, status }: GateablePod): readonly JsonPatchOperation[] {
  if ((spec?.nodeName ?? "") !== "" || (status?.nominatedNodeName ?? "") !== "") return [];
  if (metadata?.labels?.[PROXY_LABEL] !== undefined) return [];
  // Its controller names one node per pod: there is nothing to choose.
  const owner = metadata?.ownerReferences?.find(({ controller }) => controller === true);
  if (owner?.kind === "DaemonSet") return [];
  const gates = spec?.schedulingGates ?? [];
  if (gates.some(({ name }) => name === PLACEMENT_GATE)) return [];
  const gate = { name: PLACEMENT_GATE };
  return gates.length === 0
    ? [{ op: "add", path: "/spec/schedulingGates", value: [gate] }]
    : [{ op: "add", path: "/spec/schedulingGates/-", value: gate }];
}
