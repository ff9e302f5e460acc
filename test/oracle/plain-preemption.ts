// What the preempt verb must answer for one node, the way kube-scheduler's default preemption finds victims: take every
// pod out that may be, then give back the most important first. Every question is answered by adding up the node anew.

import type { NodeName, PodUid } from "#model/brand.ts";
import type { PodView } from "#model/cluster-view.ts";
import type { PodDemand } from "#model/ledger.ts";
import type { Rejection } from "#model/verdict.ts";
import { PlainCluster } from "./plain-cluster.ts";
import { plainRejection } from "./plain-fit.ts";

export interface PlainPreemptionQuestion {
  readonly cluster: PlainCluster;
  readonly node: NodeName;
  readonly pod: PodDemand & { readonly priority: number };
  readonly mayAddVictims: boolean;
  readonly victims: readonly PodUid[];
}

export type PlainPreemption =
  | { readonly kind: "keptVictims" }
  | { readonly kind: "addedVictims"; readonly added: ReadonlySet<PodUid> }
  | { readonly kind: "droppedNode"; readonly reason: Rejection | "noVictims" };

export function plainPreemption(question: PlainPreemptionQuestion): PlainPreemption {
  const { victims, mayAddVictims } = question;
  const reason = plainRejectionWithout(question, victims);
  if (reason === undefined) {
    return victims.length === 0 ? { kind: "droppedNode", reason: "noVictims" } : { kind: "keptVictims" };
  }
  const isShortOfRoom = ["appDoesNotFit", "meshShareDoesNotFit"].includes(reason);
  const candidates = isShortOfRoom && mayAddVictims ? plainCandidates(question) : [];
  let added = candidates.map(({ uid }) => uid);
  if (plainRejectionWithout(question, [...victims, ...added]) !== undefined) {
    return { kind: "droppedNode", reason };
  }
  for (const { uid } of candidates.toSorted(plainImportance).toReversed()) {
    const fewer = added.filter((other) => other !== uid);
    if (plainRejectionWithout(question, [...victims, ...fewer]) === undefined) added = fewer;
  }
  return { kind: "addedVictims", added: new Set(added) };
}

/** Pods that wait for a node by nomination, without a promise. */
export function plainNominated(cluster: PlainCluster, node: NodeName): readonly PodView[] {
  return cluster.pods.filter(
    ({ uid, nodeName, isFinished, isTerminating, proxy, nominatedNode }) =>
      nominatedNode === node &&
      nodeName === undefined &&
      proxy === undefined &&
      !isFinished &&
      isTerminating !== true &&
      !cluster.promises.some((promise) => promise.pod.uid === uid),
  );
}

/**
 * Why the node does not take the preemptor once these pods, and its own promise, are gone; the pods that wait for the
 * node and are no less important are there already.
 */
export function plainRejectionWithout(
  { cluster, node, pod }: PlainPreemptionQuestion,
  gone: readonly PodUid[],
): Rejection | undefined {
  const without = Object.assign(new PlainCluster(), cluster);
  for (const uid of gone) without.removePod(uid);
  without.release(pod.uid);
  for (const other of plainNominated(cluster, node)) {
    const isCounted =
      other.uid !== pod.uid && (other.priority ?? 0) >= pod.priority && !gone.includes(other.uid);
    if (isCounted) without.reserve({ pod: other, node, expiresAtMs: Infinity });
  }
  return plainRejection(without, node, { ...pod, uid: `copy-of-${pod.uid}` as PodUid });
}

/** Pods that may become victims although kube-scheduler did not choose them. */
export function plainCandidates({
  cluster,
  node,
  pod,
  victims,
}: PlainPreemptionQuestion): readonly PodView[] {
  return cluster.pods.filter(
    (other) =>
      other.nodeName === node &&
      other.proxy === undefined &&
      !other.isFinished &&
      other.isTerminating !== true &&
      (other.priority ?? 0) < pod.priority &&
      other.uid !== pod.uid &&
      !victims.includes(other.uid),
  );
}

/** Negative if `a` gives way before `b`: the lower priority, then the later start, and not to have started is later still. */
export function plainImportance(a: PodView, b: PodView): number {
  const [priorityA, priorityB] = [a.priority ?? 0, b.priority ?? 0];
  const [startA, startB] = [a.startedAtMs ?? Number.MAX_VALUE, b.startedAtMs ?? Number.MAX_VALUE];
  if (priorityA !== priorityB) return priorityA - priorityB;
  if (startA !== startB) return startB - startA;
  return a.uid < b.uid ? 1 : -1;
}
