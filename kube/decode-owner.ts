// apps/v1 ReplicaSet → OwnerView: how many pods its controller wants.

import type { OwnerView } from "#model/cluster-view.ts";
import { DecodeError } from "./decode-pod.ts";

/**
 * @throws DecodeError if the object has no uid.
 */
export function decodeOwner(raw: unknown): OwnerView {
  const { metadata, spec } = (raw ?? {}) as { metadata?: { uid?: string }; spec?: { replicas?: number } };
  if (typeof metadata?.uid !== "string") throw new DecodeError("a ReplicaSet needs metadata.uid");
  return { uid: metadata.uid, replicas: spec?.replicas ?? 1 };
}
