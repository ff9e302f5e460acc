// The pods that the placement controller has to do with, and whose turn it is. What waits together is decided together:
// the most important first, then app by app, for an app's pods that follow each other meet on the same nodes. A pod
// like one that no node took in this batch is not tried on every node again.

import type { PodUid } from "#model/brand.ts";
import type { PodView } from "#model/cluster-view.ts";
import type { ClusterLedger } from "#model/ledger.ts";
import type { PlacedPod } from "./eligible-candidates.ts";
import { priorityOf } from "./importance.ts";
import { type NominateContext, nextStep, withdraw } from "./nominate.ts";
import { answered, newCourse, type PodCourse } from "./nominate-course.ts";
import type { EffectOutcome, NominateEffect } from "./nominate-effect.ts";

/** Gated pods at once. Further ones are let go at once: at 100 bindings a second kube-scheduler needs 50 s for these. */
export const GATED_PODS_MAX = 5_000;
/** Promises and holds run out without an event; pods that no node took are tried again after this long at the latest. */
const ROOM_MS_MAX = 5_000;

interface Entry {
  readonly pod: PlacedPod;
  readonly course: PodCourse;
}

export class NominateQueue {
  readonly #entries = new Map<PodUid, Entry>();
  #gated = 0;
  #room = 0;
  #roomAtMs = Number.NEGATIVE_INFINITY;

  /** Pods held by Berth's gate. */
  get gated(): number {
    return this.#gated;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Takes a pod's newest state; one that is bound, ending or none of the controller's business any more is forgotten. */
  seen(pod: PodView, { ledger, nowMs }: { readonly ledger: ClusterLedger; readonly nowMs: number }): void {
    if (!isPlaced(pod) || pod.isTerminating === true || pod.isFinished) return this.forget(pod.uid, ledger);
    const known = this.#entries.get(pod.uid);
    const isGated = pod.placing.gateIndex !== undefined;
    const course = known?.course ?? newCourse(nowMs, isGated && this.#gated >= GATED_PODS_MAX);
    this.#gated += Number(isGated) - Number(known?.pod.placing.gateIndex !== undefined);
    this.#entries.set(pod.uid, { pod, course: { ...course, lookAtMs: nowMs } });
  }

  forget(uid: PodUid, ledger: ClusterLedger): void {
    const entry = this.#entries.get(uid);
    if (entry === undefined) return;
    this.#entries.delete(uid);
    this.#gated -= Number(entry.pod.placing.gateIndex !== undefined);
    withdraw(ledger, { uid }, entry.course);
  }

  /** Something may have made room. */
  roomChanged(): void {
    this.#room++;
  }

  answered(
    effect: NominateEffect,
    answer: { readonly outcome: EffectOutcome; readonly nowMs: number },
  ): void {
    const entry = this.#entries.get(effect.pod.uid);
    // It went meanwhile, and its promise with it.
    if (entry === undefined) return;
    const course = answered(entry.course, effect, answer);
    // The watch may have been faster than the answer.
    const isSeen = entry.pod.placing.resourceVersion !== effect.pod.resourceVersion;
    this.#entries.set(effect.pod.uid, {
      ...entry,
      course: isSeen ? { ...course, lookAtMs: answer.nowMs } : course,
    });
  }

  /** Decides for some of the pods whose turn it is; every effect has to be sent and answered. */
  decide(
    context: Omit<NominateContext, "room">,
    { podsMax, effectsMax = Infinity }: { readonly podsMax: number; readonly effectsMax?: number },
  ): readonly NominateEffect[] {
    if (effectsMax <= 0) return [];
    const { nowMs } = context;
    if (nowMs - this.#roomAtMs >= ROOM_MS_MAX) {
      this.#roomAtMs = nowMs;
      this.#room++;
    }
    const room = this.#room;
    const due = [...this.#entries.values()].filter(({ course }) => isDue(course, nowMs, room));
    const refusals = new Set<string>();
    const effects: NominateEffect[] = [];
    for (const { pod, course } of inOrder(due).slice(0, podsMax)) {
      if (effects.length >= effectsMax) break;
      const shape = shapeOf(pod);
      const isKnown = refusals.has(shape);
      const step = nextStep(pod, isKnown ? { ...course, refusedAtRoom: room } : course, { ...context, room });
      if (step.course.refusedAtRoom === room && !isKnown) refusals.add(shape);
      this.#entries.set(pod.uid, { pod, course: step.course });
      if (step.effect !== undefined) effects.push(step.effect);
    }
    return effects;
  }

  /** When time alone makes a decision due; Infinity if never. */
  nextLookMs(): number {
    let nextMs = Infinity;
    for (const { course } of this.#entries.values()) {
      const isRefused = course.refusedAtRoom !== undefined;
      nextMs = Math.min(nextMs, course.lookAtMs, isRefused ? this.#roomAtMs + ROOM_MS_MAX : Infinity);
    }
    return nextMs;
  }

  /** Gives back what gated pods were promised: whoever comes next finds their nominations. */
  letGo(ledger: ClusterLedger): void {
    for (const { pod, course } of this.#entries.values()) {
      if (pod.placing.gateIndex !== undefined) withdraw(ledger, pod, course);
    }
  }

  /** Begins every course anew, as a leader does that was none before; what it had promised is still its own. */
  restart(nowMs: number): void {
    for (const [uid, { pod, course }] of this.#entries) {
      this.#entries.set(uid, { pod, course: { ...newCourse(nowMs, false), promise: course.promise } });
    }
  }
}

function isPlaced(pod: PodView): pod is PlacedPod {
  return pod.placing !== undefined && pod.nodeName === undefined && pod.proxy === undefined;
}

function isDue(course: PodCourse, nowMs: number, room: number): boolean {
  const mayHaveRoom = course.refusedAtRoom !== undefined && course.refusedAtRoom !== room;
  return nowMs >= course.lookAtMs || (mayHaveRoom && nowMs >= course.notBeforeMs);
}

function inOrder(entries: readonly Entry[]): readonly Entry[] {
  const appSinceMs = new Map<string | undefined, number>();
  for (const { pod, course } of entries) {
    appSinceMs.set(pod.app, Math.min(appSinceMs.get(pod.app) ?? Infinity, course.sinceMs));
  }
  const sinceOf = ({ pod }: Entry): number => appSinceMs.get(pod.app) ?? 0;
  return entries.toSorted(
    (a, b) =>
      priorityOf(b.pod) - priorityOf(a.pod) ||
      sinceOf(a) - sinceOf(b) ||
      compare(a.pod.app ?? "", b.pod.app ?? "") ||
      a.course.sinceMs - b.course.sinceMs ||
      compare(a.pod.uid, b.pod.uid),
  );
}

// What decides whether a node takes a pod.
function shapeOf({ app, request, placing, priority }: PlacedPod): string {
  return JSON.stringify([app, request, placing.wishes, priority, placing.mayPreempt]);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
