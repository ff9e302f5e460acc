// core/v1 Node → NodeView.

import type { NodeName } from "#model/brand.ts";
import type { NodeView } from "#model/cluster-view.ts";
import { parseCpuMilli, parseMemoryBytes } from "#model/quantity.ts";
import { DecodeError } from "./decode-pod.ts";

export const ZONE_LABEL = "topology.kubernetes.io/zone";

/**
 * @throws DecodeError naming the node and the field.
 */
export function decodeNode(raw: unknown): NodeView {
  const { metadata, status } = (raw ?? {}) as ApiNode;
  if (typeof metadata?.name !== "string") throw new DecodeError("a node needs metadata.name");
  try {
    return {
      name: metadata.name as NodeName,
      zone: metadata.labels?.[ZONE_LABEL] ?? "",
      allocatable: {
        cpuMilli: parseCpuMilli(String(status?.allocatable?.["cpu"] ?? "0"), "down"),
        memoryBytes: parseMemoryBytes(String(status?.allocatable?.["memory"] ?? "0"), "down"),
      },
    };
  } catch (error) {
    throw new DecodeError(`node ${metadata.name}: ${(error as Error).message}`, { cause: error });
  }
}

interface ApiNode {
  readonly metadata?: { readonly name?: string; readonly labels?: Readonly<Record<string, string>> };
  readonly status?: { readonly allocatable?: Readonly<Record<string, string>> };
}
