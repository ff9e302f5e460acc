// Nominate mode, one step for one pod: what the watch shows and what is remembered in, the next write out.
//
//   gated → a node is chosen and A + B promised there → nominated → gate lifted → bound by kube-scheduler, that node first
//
// Steps look at the present state only: after a crash the next leader goes on wherever the pod stands. The gate is lifted
// only once the watch shows the nomination and the room is still promised, or without one where waiting helps nobody.
// A lost nomination is renewed, so many times; one that leads to no binding is taken back, since it holds room.

import { costedDemand, rejectionOf } from "#model/fit.ts";
import type { ClusterLedger, Reservation } from "#model/ledger.ts";
import type { NodeName } from "#model/brand.ts";
import { eligibilityFor } from "#model/eligibility.ts";
import type { DecisionWitness } from "./decision-witness.ts";
import { eligibleCandidates, type PlacedPod } from "./eligible-candidates.ts";
import { priorityOf } from "./importance.ts";
import { backoffMs, type PodCourse } from "./nominate-course.ts";
import type { LiftReason, NominateEffect, PodVersion } from "./nominate-effect.ts";
import { accountFor } from "./nominated-room.ts";
import { place } from "./placement.ts";
import { promise, type PromiseLimits } from "./promise.ts";
import { SCORE_MAX } from "./verbs.ts";

export interface NominateLimits extends PromiseLimits {
  /** How long a gate waits for a node before it is lifted without one. */
  readonly gateDeadlineMs: number;
  /** How long a nomination may hold room without a binding. */
  readonly unboundMs: number;
  readonly renewalsMax: number;
}

export const DEFAULT_NOMINATE_LIMITS: Pick<NominateLimits, "gateDeadlineMs" | "unboundMs" | "renewalsMax"> = {
  // Behind a gate a pod is seen by no autoscaler and preempts nobody: half of what a new node takes to come anyway.
  gateDeadlineMs: 30_000,
  // As long as a promise: past kube-scheduler's own limit of 100 s for a binding.
  unboundMs: 120_000,
  // kube-scheduler had its reasons each time; after three it decides alone, as in score mode.
  renewalsMax: 3,
};

export interface NominateContext {
  readonly ledger: ClusterLedger;
  readonly nowMs: number;
  readonly limits: NominateLimits;
  /** Absent where nobody asks why. */
  readonly witnessFor?: (pod: PlacedPod) => DecisionWitness;
  /** Counts what may have made room; a pod that no node took is tried again when it has changed. */
  readonly room: number;
}

export interface NominateStep {
  readonly course: PodCourse;
  /** Already promised in the ledger where it needs room; to be sent, and its outcome told to `answered`. */
  readonly effect: NominateEffect | undefined;
}

/** The next step of a pod that is not bound. Changes nothing but the ledger's promises. */
export function nextStep(pod: PlacedPod, course: PodCourse, context: NominateContext): NominateStep {
  if (course.isUnderway) return hold(course, Infinity);
  const isSeen = course.writtenVersion !== pod.placing.resourceVersion;
  if (context.nowMs < course.notBeforeMs && !(isSeen && course.writtenVersion !== undefined)) {
    return hold(course, course.notBeforeMs);
  }
  const present = { ...course, writtenVersion: undefined, notBeforeMs: context.nowMs };
  return pod.placing.gateIndex === undefined
    ? stepOnTheWay(pod, present, context)
    : stepAtGate(pod, present, context);
}

function stepAtGate(pod: PlacedPod, course: PodCourse, context: NominateContext): NominateStep {
  const { ledger, nowMs, limits } = context;
  const { placing } = pod;
  if (placing.isHeldByOthers) {
    // Room for a pod that others may hold for days would be wasted; its time counts from when they let it go.
    withdraw(ledger, pod, course);
    return hold({ ...course, sinceMs: nowMs, promise: undefined }, Infinity);
  }
  const nomination = ownNomination(pod);
  if (nomination === undefined && pod.nominatedNode !== undefined)
    return lift(pod, course, { context, reason: "nominatedElsewhere" });
  // The watch is behind: somebody else lifted the gate, and a scheduling cycle has begun.
  const isInCycle = hasCyclePromise(pod, course, ledger);
  const kept = nomination === undefined || isInCycle ? undefined : keptPromise(pod, nomination, context);
  if (kept !== undefined) {
    return send({ ...course, promise: kept }, liftEffect(pod, "placed"));
  }
  if (placing.unjudged !== undefined) return lift(pod, course, { context, reason: "unjudged" });
  if (course.isTurnedAway) return lift(pod, course, { context, reason: "queueFull" });
  const deadlineMs = course.sinceMs + limits.gateDeadlineMs;
  if (nowMs >= deadlineMs) return lift(pod, course, { context, reason: "deadline" });
  if (isInCycle || course.refusedAtRoom === context.room) return hold(course, deadlineMs);
  const step = nominateSomewhere(pod, course, context);
  if (step !== undefined) return step;
  if (nomination !== undefined) return send({ ...course, promise: undefined }, clearEffect(pod, nomination));
  if (priorityOf(pod) > 0 && placing.mayPreempt) return lift(pod, course, { context, reason: "mayPreempt" });
  return refused(course, context, deadlineMs);
}

function stepOnTheWay(pod: PlacedPod, course: PodCourse, context: NominateContext): NominateStep {
  const { ledger, nowMs, limits } = context;
  const nomination = ownNomination(pod);
  if (nomination !== undefined) return stepNominated(pod, course, { context, node: nomination });
  if (hasCyclePromise(pod, course, ledger)) return hold(course, nowMs + limits.reservationMs);
  const isOver = course.renewals >= limits.renewalsMax || pod.placing.unjudged !== undefined;
  if (pod.nominatedNode !== undefined || isOver) {
    // kube-scheduler's own business from here.
    withdraw(ledger, pod, course);
    return hold({ ...course, promise: undefined }, Infinity);
  }
  if (course.refusedAtRoom === context.room) return hold(course, Infinity);
  return (
    nominateSomewhere(pod, course, context) ?? refused(course, context, nowMs + backoffMs(course.setbacks))
  );
}

function stepNominated(
  pod: PlacedPod,
  course: PodCourse,
  { context, node }: { readonly context: NominateContext; readonly node: NodeName },
): NominateStep {
  const { ledger, nowMs, limits } = context;
  const sinceMs = course.nominatedSinceMs ?? nowMs;
  if (nowMs >= sinceMs + limits.unboundMs) {
    withdraw(ledger, pod, course);
    return send({ ...course, promise: undefined }, clearEffect(pod, node));
  }
  const held = ledger.reservationOf(pod.uid);
  // First seen by this leader: kube-scheduler may bind it any moment, whatever else was promised.
  const isInherited = course.nominatedSinceMs === undefined && held === undefined;
  // An earlier leader's nomination arrived after this one had chosen another node, and the gate is gone.
  const isOvertaken = held !== undefined && held === course.promise && held.node !== node;
  const kept = isInherited || isOvertaken ? reserved(pod, node, context) : course.promise;
  return hold({ ...course, promise: kept, nominatedSinceMs: sinceMs }, sinceMs + limits.unboundMs);
}

// Undefined if no node takes the pod.
function nominateSomewhere(
  pod: PlacedPod,
  course: PodCourse,
  { ledger, nowMs, limits, witnessFor }: NominateContext,
): NominateStep | undefined {
  ledger.release(pod.uid);
  const demand = costedDemand(pod, ledger);
  // Whoever explains a choice names some of those that were not chosen.
  const rankingLength = witnessFor === undefined ? 1 : SCORE_MAX;
  const placement = place(demand, eligibleCandidates(ledger, pod), { ledger, rankingLength });
  if (placement === undefined) return undefined;
  witnessFor?.(pod).placed({ placement, accountOf: (name) => accountFor(pod, name, ledger) }, demand);
  promise(ledger, { pod: demand, placement }, { nowMs, limits });
  const isRenewal = pod.placing.gateIndex === undefined;
  const effect = { kind: "nominate", pod: versionOf(pod), node: placement.node, isRenewal } as const;
  return send({ ...course, promise: ledger.reservationOf(pod.uid), refusedAtRoom: undefined }, effect);
}

// The promise, anew, if the node's room is still the pod's or still there.
function keptPromise(pod: PlacedPod, node: NodeName, context: NominateContext): Reservation | undefined {
  const { ledger } = context;
  if (ledger.reservationOf(pod.uid)?.node !== node) {
    ledger.release(pod.uid);
    const account = accountFor(pod, node, ledger);
    if (account === undefined || !eligibilityFor(pod.placing.wishes)(account)) return undefined;
    if (rejectionOf(account, costedDemand(pod, ledger)) !== undefined) return undefined;
  }
  return reserved(pod, node, context);
}

function reserved(
  { uid, app, request, ownerUid }: PlacedPod,
  node: NodeName,
  { ledger, nowMs, limits }: NominateContext,
): Reservation {
  const reservation = {
    pod: { uid, app, request, ownerUid },
    node,
    expiresAtMs: nowMs + limits.reservationMs,
  };
  ledger.reserve(reservation);
  return reservation;
}

/** Gives back what the controller promised, and nobody else's promise. */
export function withdraw(ledger: ClusterLedger, { uid }: Pick<PlacedPod, "uid">, course: PodCourse): void {
  if (course.promise !== undefined && ledger.reservationOf(uid) === course.promise) ledger.release(uid);
}

// Kube-scheduler nominates too, when it preempts.
function ownNomination({ nominatedNode, placing }: PlacedPod): NodeName | undefined {
  return nominatedNode === placing.chosenNode ? nominatedNode : undefined;
}

// A promise that is not the controller's is a scheduling cycle's: the binding to its node may be under way, and to move the
// promise now would give that room away.
function hasCyclePromise({ uid }: PlacedPod, course: PodCourse, ledger: ClusterLedger): boolean {
  const held = ledger.reservationOf(uid);
  return held !== undefined && held !== course.promise;
}

function lift(
  pod: PlacedPod,
  course: PodCourse,
  { context, reason }: { readonly context: NominateContext; readonly reason: LiftReason },
): NominateStep {
  withdraw(context.ledger, pod, course);
  return send({ ...course, promise: undefined }, liftEffect(pod, reason));
}

function liftEffect(pod: PlacedPod, reason: LiftReason): NominateEffect {
  return { kind: "liftGate", pod: versionOf(pod), gateIndex: pod.placing.gateIndex ?? 0, reason };
}

function clearEffect(pod: PlacedPod, node: NodeName): NominateEffect {
  return { kind: "clearNomination", pod: versionOf(pod), node };
}

function refused(course: PodCourse, { nowMs, room }: NominateContext, lookAtMs: number): NominateStep {
  const notBeforeMs = Math.min(lookAtMs, nowMs + backoffMs(course.setbacks));
  return {
    course: {
      ...course,
      promise: undefined,
      refusedAtRoom: room,
      setbacks: course.setbacks + 1,
      notBeforeMs,
      lookAtMs,
    },
    effect: undefined,
  };
}

function hold(course: PodCourse, lookAtMs: number): NominateStep {
  return { course: { ...course, lookAtMs }, effect: undefined };
}

function send(course: PodCourse, effect: NominateEffect): NominateStep {
  return { course: { ...course, isUnderway: true, lookAtMs: Infinity }, effect };
}

function versionOf({ uid, namespace, name, placing }: PlacedPod): PodVersion {
  const { resourceVersion, createdAtMs } = placing;
  return { uid, namespace, name, resourceVersion, createdAtMs };
}
