// The node that a DaemonSet's pod is for, before and after it is bound.

import { z } from "zod";
import type { NodeName } from "#model/brand.ts";

/**
 * Where the pod is bound, else the only node it may be bound to. The DaemonSet controller writes that one into each pod's
 * affinity (pkg/controller/daemon/util, ReplaceDaemonSetPodNodeNameNodeAffinity). Undefined for any other pod.
 */
export function daemonPodNode({
  nodeName,
  affinity,
}: {
  readonly nodeName?: string | undefined;
  readonly affinity?: unknown;
}): NodeName | undefined {
  if (nodeName !== undefined && nodeName !== "") return nodeName as NodeName;
  const parsed = nodeAffinity.safeParse(affinity);
  const terms =
    parsed.data?.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms ?? [];
  const fields = terms.flatMap(({ matchFields = [] }) => matchFields);
  return fields.find(({ key }) => key === "metadata.name")?.values[0] as NodeName | undefined;
}

const nodeAffinity = z.object({
  nodeAffinity: z.object({
    requiredDuringSchedulingIgnoredDuringExecution: z.object({
      nodeSelectorTerms: z.array(
        z.object({
          matchFields: z.array(z.object({ key: z.string(), values: z.array(z.string()) })).optional(),
        }),
      ),
    }),
  }),
});
