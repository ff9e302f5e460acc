// The preempt verb's JSON (k8s.io/kube-scheduler/extender/v1, ExtenderPreemptionArgs and -Result). With nodeCacheCapable
// victims come as uids, without as whole pods; the answer names uids in either case. The body's limit bounds the lists,
// and nodes that the ledger does not know cost nothing further.

import type { NodeName, PodUid } from "#model/brand.ts";
import type { PodView } from "#model/cluster-view.ts";
import { type ApiPod, DecodeError, decodePod } from "#kube/decode-pod.ts";
import type { NodePreemption, Victims } from "../policy/preemption.ts";

export interface PreemptionArgs {
  readonly pod: PodView;
  /** False if the pod's preemptionPolicy is Never. */
  readonly mayAddVictims: boolean;
  readonly nodes: ReadonlyMap<NodeName, Victims>;
}

/**
 * @throws DecodeError that says where the body is wrong.
 */
export function decodePreemptionArgs(body: unknown): PreemptionArgs {
  if (!isObject(body)) throw new DecodeError("the body must be an ExtenderPreemptionArgs object");
  const { Pod } = body;
  if (!isObject(Pod)) throw new DecodeError("Pod: a pod object is missing");
  return { pod: decodePod(Pod), mayAddVictims: mayAddVictims(Pod), nodes: decodeNodes(body) };
}

export interface ExtenderPreemptionReply {
  readonly NodeNameToMetaVictims: Readonly<Record<string, MetaVictims>>;
}

interface MetaVictims {
  readonly Pods: readonly { readonly UID: PodUid }[];
  readonly NumPDBViolations: number;
}

/** Dropped nodes are left out: kube-scheduler fails over a node without victims. */
export function encodePreemptionReply(
  decisions: ReadonlyMap<NodeName, NodePreemption>,
): ExtenderPreemptionReply {
  const kept = [...decisions].flatMap(([name, decision]) =>
    decision.kind === "droppedNode" ? [] : [[name, metaVictims(decision.victims)] as const],
  );
  return { NodeNameToMetaVictims: Object.fromEntries(kept) };
}

function metaVictims({ pods, pdbViolations }: Victims): MetaVictims {
  return { Pods: pods.map((uid) => ({ UID: uid })), NumPDBViolations: pdbViolations };
}

function mayAddVictims({ spec }: ApiPod): boolean {
  const policy: unknown = spec?.preemptionPolicy ?? "PreemptLowerPriority";
  if (policy === "Never" || policy === "PreemptLowerPriority") return policy !== "Never";
  throw new DecodeError("Pod: spec.preemptionPolicy must be Never or PreemptLowerPriority");
}

type Json = Readonly<Record<string, unknown>>;

// kube-scheduler fills one of the two; the other is null or empty.
function decodeNodes(body: Json): PreemptionArgs["nodes"] {
  const forms = [
    { key: "NodeNameToMetaVictims", uidOf: (pod: Json): unknown => pod["UID"] },
    { key: "NodeNameToVictims", uidOf: uidOfPod },
  ].flatMap(({ key, uidOf }) => {
    const nodes = body[key] ?? undefined;
    if (nodes === undefined) return [];
    if (!isObject(nodes)) throw new DecodeError(`${key}: must be an object of nodes`);
    return { key, uidOf, nodes: Object.entries(nodes) };
  });
  const filled = forms.filter(({ nodes }) => nodes.length > 0);
  if (forms.length === 0 || filled.length > 1) {
    throw new DecodeError("one of NodeNameToMetaVictims and NodeNameToVictims must be an object of nodes");
  }
  return new Map(
    filled.flatMap(({ key, uidOf, nodes }) =>
      nodes.map(([name, victims]) => [name as NodeName, decodeVictims(victims, uidOf, `${key}.${name}`)]),
    ),
  );
}

function decodeVictims(victims: unknown, uidOf: (pod: Json) => unknown, path: string): Victims {
  if (!isObject(victims)) throw new DecodeError(`${path}: must be an object with Pods and NumPDBViolations`);
  // Go prints an empty list as null.
  const pods = victims["Pods"] ?? [];
  const pdbViolations = victims["NumPDBViolations"];
  if (!Array.isArray(pods)) throw new DecodeError(`${path}.Pods: must be an array`);
  if (!Number.isSafeInteger(pdbViolations) || Number(pdbViolations) < 0) {
    throw new DecodeError(`${path}.NumPDBViolations: must be a whole number`);
  }
  const uids = pods.map((pod: unknown, index) => {
    const uid = isObject(pod) ? uidOf(pod) : undefined;
    if (typeof uid !== "string" || uid === "") throw new DecodeError(`${path}.Pods[${index}]: has no uid`);
    return uid as PodUid;
  });
  return { pods: uids, pdbViolations: Number(pdbViolations) };
}

function uidOfPod({ metadata }: Json): unknown {
  return isObject(metadata) ? metadata["uid"] : undefined;
}

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
