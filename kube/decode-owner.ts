// apps/v1 ReplicaSet and StatefulSet, batch/v1 Job → OwnerView: how many pods their controllers want at once.

import type { OwnerView } from "#model/cluster-view.ts";
import { DecodeError } from "./decode-pod.ts";

/**
 * A ReplicaSet or a StatefulSet. That a StatefulSet makes its pods one after the other does not matter: the later ones
 * come all the same.
 *
 * @throws DecodeError if the object has no uid.
 */
export function decodeOwner(raw: unknown): OwnerView {
  const { spec } = (raw ?? {}) as { spec?: { replicas?: number | null } };
  return { uid: uidOf(raw), replicas: spec?.replicas ?? 1 };
}

/**
 * A Job: as many pods as run at once, and no more than are still to succeed; none once it is suspended or over.
 *
 * @throws DecodeError if the object has no uid.
 */
export function decodeJob(raw: unknown): OwnerView {
  const { spec, status } = (raw ?? {}) as ApiJob;
  const uid = uidOf(raw);
  const isOver = status?.conditions?.some(isEnd) === true;
  if (spec?.suspend === true || isOver) return { uid, replicas: 0 };
  const parallelism = spec?.parallelism ?? 1;
  const succeeded = status?.succeeded ?? 0;
  const { completions } = spec ?? {};
  // Without completions the pods share a queue: once one of them has found it empty, no further ones are made.
  const left = typeof completions === "number" ? completions - succeeded : succeeded > 0 ? 0 : parallelism;
  return { uid, replicas: Math.max(0, Math.min(parallelism, left)) };
}

interface ApiJob {
  readonly spec?: {
    readonly parallelism?: number | null;
    readonly completions?: number | null;
    readonly suspend?: boolean | null;
  };
  readonly status?: {
    readonly succeeded?: number | null;
    readonly conditions?: readonly { readonly type: string; readonly status: string }[] | null;
  };
}

// Set first when the Job is done for, while its last pods still run.
const ENDS: ReadonlySet<string> = new Set(["Complete", "Failed", "SuccessCriteriaMet", "FailureTarget"]);

function isEnd({ type, status }: { readonly type: string; readonly status: string }): boolean {
  return status === "True" && ENDS.has(type);
}

function uidOf(raw: unknown): string {
  const { metadata } = (raw ?? {}) as { metadata?: { uid?: unknown } };
  if (typeof metadata?.uid !== "string") throw new DecodeError("an owner of pods needs metadata.uid");
  return metadata.uid;
}
