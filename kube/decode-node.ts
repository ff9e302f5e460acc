// core/v1 Node → NodeView.

import type { NodeName } from "#model/brand.ts";
import type { NodeView } from "#model/cluster-view.ts";
import type { Labels } from "#model/app.ts";
import type { Taint } from "#model/taints.ts";
import { parseCpuMilli, parseMemoryBytes } from "#model/quantity.ts";
import { DecodeError } from "./decode-pod.ts";

export const ZONE_LABEL = "topology.kubernetes.io/zone";

/**
 * @throws DecodeError naming the node and the field.
 */
export function decodeNode(raw: unknown): NodeView {
  const { metadata, spec, status } = (raw ?? {}) as ApiNode;
  if (typeof metadata?.name !== "string") throw new DecodeError("a node needs metadata.name");
  try {
    return {
      name: metadata.name as NodeName,
      zone: metadata.labels?.[ZONE_LABEL] ?? "",
      allocatable: {
        cpuMilli: parseCpuMilli(String(status?.allocatable?.["cpu"] ?? "0"), "down"),
        memoryBytes: parseMemoryBytes(String(status?.allocatable?.["memory"] ?? "0"), "down"),
      },
      traits: {
        labels: metadata.labels ?? {},
        taints: spec?.taints ?? [],
        isUnschedulable: spec?.unschedulable === true,
        // kube-scheduler takes an absent number for 0, as it does for any resource.
        podsMax: Number(status?.allocatable?.["pods"] ?? 0),
      },
    };
  } catch (error) {
    throw new DecodeError(`node ${metadata.name}: ${(error as Error).message}`, { cause: error });
  }
}

interface ApiNode {
  readonly metadata?: { readonly name?: string; readonly labels?: Labels };
  readonly spec?: { readonly taints?: readonly Taint[] | null; readonly unschedulable?: boolean };
  readonly status?: { readonly allocatable?: Readonly<Record<string, string>> };
}
