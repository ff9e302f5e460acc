// What the placement controller remembers of one pod beside what the watch shows. Nothing in it is needed to be right: a
// new leader begins with fresh courses and finds gates, nominations and annotations in the API.

import type { Reservation } from "#model/ledger.ts";
import type { EffectOutcome, NominateEffect } from "./nominate-effect.ts";

export interface PodCourse {
  /** Since when it waits for a node, held by Berth's gate alone. */
  readonly sinceMs: number;
  /** A write was sent and has no answer yet. */
  readonly isUnderway: boolean;
  /** The version that the last answered write was decided on: the next decision needs a later one. */
  readonly writtenVersion: string | undefined;
  /** Nothing is done before this. */
  readonly notBeforeMs: number;
  /** Failed writes, or times that no node fit, in a row. */
  readonly setbacks: number;
  /** The state of the cluster's room in which no node fit. */
  readonly refusedAtRoom: number | undefined;
  /** When time alone makes a decision due. */
  readonly lookAtMs: number;
  readonly renewals: number;
  /** Since when it is on its way with its present nomination. */
  readonly nominatedSinceMs: number | undefined;
  /** What the controller promised; another promise of the pod is a scheduling cycle's. */
  readonly promise: Reservation | undefined;
  /** It came when the queue was full. */
  readonly isTurnedAway: boolean;
}

export function newCourse(nowMs: number, isTurnedAway: boolean): PodCourse {
  return {
    sinceMs: nowMs,
    isUnderway: false,
    writtenVersion: undefined,
    notBeforeMs: nowMs,
    setbacks: 0,
    refusedAtRoom: undefined,
    lookAtMs: nowMs,
    renewals: 0,
    nominatedSinceMs: undefined,
    promise: undefined,
    isTurnedAway,
  };
}

/** The watch shows what was written within milliseconds; after this long the write is tried again, in vain or not. */
const WATCH_MS_MAX = 5_000;
/** As kube-scheduler's own backoff for pods that fit nowhere: 1 s, doubling, 10 s at most. */
const BACKOFF_FIRST_MS = 1_000;
const BACKOFF_MS_MAX = 10_000;

export function backoffMs(setbacks: number): number {
  return Math.min(BACKOFF_MS_MAX, BACKOFF_FIRST_MS * 2 ** Math.min(setbacks, 10));
}

/** The course after the answer to a write. */
export function answered(
  course: PodCourse,
  effect: NominateEffect,
  { outcome, nowMs }: { readonly outcome: EffectOutcome; readonly nowMs: number },
): PodCourse {
  const settled = { ...course, isUnderway: false };
  if (outcome === "failed") {
    const notBeforeMs = nowMs + backoffMs(course.setbacks);
    return { ...settled, setbacks: course.setbacks + 1, notBeforeMs, lookAtMs: notBeforeMs };
  }
  const lookAtMs = nowMs + WATCH_MS_MAX;
  const isNominated = outcome === "done" && effect.kind === "nominate";
  return {
    ...settled,
    writtenVersion: effect.pod.resourceVersion,
    notBeforeMs: lookAtMs,
    lookAtMs,
    ...(isNominated && { setbacks: 0, nominatedSinceMs: nowMs }),
    ...(isNominated && effect.isRenewal && { renewals: course.renewals + 1 }),
  };
}
