// Headroom pods. A mesh pod that only B keeps out is invisible to Cluster Autoscaler and Karpenter: they call no extender,
// and in their eyes the pod fits on a node that is there. A pod that asks for A + B and fits nowhere shows them what is
// missing. It goes as soon as the pod it stands for is placed or gone, is not kept out by B any more, or the room is there.

import type { PodUid } from "#model/brand.ts";
import type { PodView } from "#model/cluster-view.ts";
import type { LedgerView } from "#model/ledger.ts";
import { addResources, type Resources } from "#model/resources.ts";
import { priorityOf } from "./importance.ts";

export interface HeadroomLimits {
  /** At once: each may cost a node. */
  readonly podsMax: number;
  /** A shortage that lasts so long is one: proxies shrink and pods end all the time. */
  readonly patienceMs: number;
  /** A pod that kube-scheduler did not ask about for so long may have its room by now. */
  readonly staleMs: number;
  /** After its room was there and the pod did not take it, for whatever reason. */
  readonly pauseMs: number;
}

export const DEFAULT_HEADROOM_LIMITS: Omit<HeadroomLimits, "podsMax"> = {
  patienceMs: 10_000,
  // kube-scheduler tries every pod again after five minutes at the latest.
  staleMs: 10 * 60_000,
  // About what a new node takes to come: less would have an autoscaler add a second one.
  pauseMs: 180_000,
};

/** A mesh pod that found no node, and on some node only for B. */
export interface Shortage {
  readonly uid: PodUid;
  readonly sinceMs: number;
  /** When it was kept out last. */
  readonly lastMs: number;
}

export type HeadroomEffect =
  | { readonly kind: "create"; readonly pod: PodView; readonly request: Resources }
  | { readonly kind: "delete"; readonly headroom: PodView; readonly reason: HeadroomEnd };

/** Why a headroom pod goes. */
export const HEADROOM_ENDS = {
  podGone: "the pod it stands for is gone",
  podPlaced: "the pod it stands for is placed, or over",
  roomIsThere: "it was placed itself: the room is there",
  notKeptOut: "B does not keep the pod out any more",
  notWanted: "another one stands for the same pod, or there are too many",
} as const;

export type HeadroomEnd = keyof typeof HEADROOM_ENDS;

export interface HeadroomSituation {
  readonly shortages: ReadonlyMap<PodUid, Shortage>;
  /** Headroom pods that are there and not about to go. */
  readonly headroom: readonly PodView[];
  /** Pods whose room was there lately, and when. */
  readonly roomWasThereMs: ReadonlyMap<PodUid, number>;
  readonly ledger: LedgerView;
  readonly nowMs: number;
  readonly limits: HeadroomLimits;
}

/** What is to be created and deleted now; the most important pods and then those that wait longest come first. */
export function headroomSteps(situation: HeadroomSituation): readonly HeadroomEffect[] {
  const { headroom, limits } = situation;
  const kept = new Set<PodUid>();
  const effects: HeadroomEffect[] = [];
  for (const pod of headroom) {
    const stoodFor = pod.headroomFor;
    const isExtra = stoodFor === undefined || kept.has(stoodFor) || kept.size >= limits.podsMax;
    const reason = isExtra ? "notWanted" : endOf(pod, stoodFor, situation);
    if (reason !== undefined) effects.push({ kind: "delete", headroom: pod, reason });
    else if (stoodFor !== undefined) kept.add(stoodFor);
  }
  const places = limits.podsMax - kept.size;
  // One that is about to go has to be gone first: another would be told apart from it by nobody.
  const there = new Set(headroom.flatMap(({ headroomFor }) => headroomFor ?? []));
  return [...effects, ...wanted(there, situation).slice(0, Math.max(0, places))];
}

function endOf(
  headroom: PodView,
  stoodFor: PodUid,
  { ledger, shortages, nowMs, limits }: HeadroomSituation,
): HeadroomEnd | undefined {
  const pod = ledger.pod(stoodFor);
  if (pod === undefined || pod.isTerminating === true) return "podGone";
  if (pod.nodeName !== undefined || pod.isFinished) return "podPlaced";
  if (headroom.nodeName !== undefined || headroom.isFinished) return "roomIsThere";
  const shortage = shortages.get(stoodFor);
  return shortage === undefined || nowMs >= shortage.lastMs + limits.staleMs ? "notKeptOut" : undefined;
}

function wanted(
  there: ReadonlySet<PodUid>,
  { shortages, roomWasThereMs, ledger, nowMs, limits }: HeadroomSituation,
): readonly HeadroomEffect[] {
  const pods: { readonly pod: PodView; readonly sinceMs: number }[] = [];
  for (const { uid, sinceMs, lastMs } of shortages.values()) {
    const isDue = nowMs >= sinceMs + limits.patienceMs && nowMs < lastMs + limits.staleMs;
    const pausedSinceMs = roomWasThereMs.get(uid) ?? -Infinity;
    if (!isDue || there.has(uid) || nowMs < pausedSinceMs + limits.pauseMs) continue;
    const pod = ledger.pod(uid);
    const isWaiting = pod?.nodeName === undefined && pod?.isFinished === false && pod.isTerminating !== true;
    if (pod !== undefined && isWaiting && ledger.reservationOf(uid) === undefined)
      pods.push({ pod, sinceMs });
  }
  return pods
    .toSorted((a, b) => priorityOf(b.pod) - priorityOf(a.pod) || a.sinceMs - b.sinceMs)
    .map(({ pod }) => ({ kind: "create", pod, request: headroomRequest(pod, ledger) }));
}

/** A + B on a node that the app is not on yet, as a new one is; the base of its proxy stands in the DaemonSet's template. */
function headroomRequest({ app, request }: PodView, ledger: LedgerView): Resources {
  if (app === undefined) return request;
  const { base, perPod } = ledger.unitCost(app);
  return addResources(addResources(request, base), perPod);
}
