// Which pods of the mesh are on this node. Two sources say so: the watch on the API, and hooks that pods call when they
// start and stop. What holds for a pod is a function of the last word of each source, never of which source spoke first.
//
//   watch says   hook says      the pod is
//   deleted      anything       absent: uids are never used twice, so the API's deletion is final
//   present      unregistered   draining
//   present      anything else  what the watch says
//   nothing      registered     ready, but only for HOOK_ONLY_MS once the watch is synced
//   nothing      unregistered   absent

import type { AppName, PodUid } from "#model/brand.ts";

export interface PodFacts {
  readonly uid: PodUid;
  readonly namespace: string;
  readonly name: string;
  readonly app: AppName;
  readonly address: string;
  /** Where the app listens; undefined for an app that only calls others. */
  readonly port: number | undefined;
}

export type PodCondition = "ready" | "unready" | "draining";

export interface WatchedPod extends PodFacts {
  readonly condition: PodCondition;
}

export type PodEvent =
  | { readonly kind: "registered"; readonly pod: PodFacts; readonly nowMs: number }
  | { readonly kind: "unregistered"; readonly uid: PodUid; readonly nowMs: number }
  | { readonly kind: "watched"; readonly pod: WatchedPod; readonly nowMs: number }
  | { readonly kind: "deleted"; readonly uid: PodUid; readonly nowMs: number };

export type NodePod = WatchedPod;

/**
 * How long a hook's word alone keeps a pod once the watch is synced. A hook runs while the pod starts, and the watch
 * brings the pod within seconds; a minute allows for a slow API server.
 */
export const HOOK_ONLY_MS = 60_000;

/** How long a pod that has gone is remembered, so that a hook which comes late does not bring it back. */
export const DEPARTED_MS = 600_000;

/** Pods remembered, the departed included. Kubelet's default is 110 pods per node; this leaves room for large nodes. */
export const PODS_MAX = 2048;

interface PodRecord {
  readonly hook: HookWord;
  readonly watch: WatchWord;
  /** When either source last spoke. */
  readonly heardAtMs: number;
}

type HookWord =
  | { readonly kind: "silent" }
  | { readonly kind: "registered"; readonly pod: PodFacts; readonly atMs: number }
  | { readonly kind: "unregistered" };

type WatchWord =
  | { readonly kind: "silent" }
  | { readonly kind: "present"; readonly pod: WatchedPod }
  | { readonly kind: "deleted" };

export class PodRegistry {
  readonly #records = new Map<PodUid, PodRecord>();

  /** @returns false if there is no room for another pod, in which case nothing changed. */
  apply(event: PodEvent): boolean {
    const uid = "pod" in event ? event.pod.uid : event.uid;
    const before = this.#records.get(uid) ?? UNKNOWN;
    if (before === UNKNOWN && this.#records.size >= PODS_MAX && !this.#forgetOneDeparted()) return false;
    this.#records.set(uid, spoken(before, event));
    return true;
  }

  /** After a complete list: pods the watch spoke of before and does not list now have been deleted meanwhile. */
  reconcile(listed: ReadonlySet<PodUid>, nowMs: number): void {
    for (const [uid, record] of this.#records) {
      if (record.watch.kind === "present" && !listed.has(uid)) {
        this.apply({ kind: "deleted", uid, nowMs });
      }
    }
  }

  /** Forgets what is too old to matter. @returns those that a hook named and that are not on the node. */
  expire(nowMs: number, watch: "synced" | "unsynced" | "absent"): readonly PodFacts[] {
    const disowned: PodFacts[] = [];
    for (const [uid, record] of this.#records) {
      const { hook } = record;
      const isHookOnly = record.watch.kind === "silent" && hook.kind === "registered";
      if (isHookOnly && watch === "synced" && nowMs - hook.atMs >= HOOK_ONLY_MS) {
        this.#records.delete(uid);
        disowned.push(hook.pod);
        continue;
      }
      if (podOf(record) === undefined && nowMs - record.heardAtMs >= DEPARTED_MS) this.#records.delete(uid);
    }
    return disowned;
  }

  pod(uid: PodUid): NodePod | undefined {
    return podOf(this.#records.get(uid) ?? UNKNOWN);
  }

  /** The pods that are here now, in order of uid. */
  pods(): readonly NodePod[] {
    const pods: NodePod[] = [];
    for (const record of this.#records.values()) {
      const pod = podOf(record);
      if (pod !== undefined) pods.push(pod);
    }
    return pods.toSorted((a, b) => (a.uid < b.uid ? -1 : 1));
  }

  /** Events that make an empty registry equal to this one: what a restarted host begins with. */
  history(): readonly PodEvent[] {
    const events: PodEvent[] = [];
    for (const [uid, { hook, watch, heardAtMs: nowMs }] of this.#records) {
      if (hook.kind === "registered") events.push({ kind: "registered", pod: hook.pod, nowMs: hook.atMs });
      if (hook.kind === "unregistered") events.push({ kind: "unregistered", uid, nowMs });
      if (watch.kind === "present") events.push({ kind: "watched", pod: watch.pod, nowMs });
      if (watch.kind === "deleted") events.push({ kind: "deleted", uid, nowMs });
    }
    return events;
  }

  #forgetOneDeparted(): boolean {
    // Maps keep the order of insertion, so the first found is among the oldest.
    for (const [uid, record] of this.#records) {
      if (podOf(record) === undefined) return this.#records.delete(uid);
    }
    return false;
  }
}

const UNKNOWN: PodRecord = { hook: { kind: "silent" }, watch: { kind: "silent" }, heardAtMs: 0 };

function spoken(record: PodRecord, event: PodEvent): PodRecord {
  const heardAtMs = event.nowMs;
  switch (event.kind) {
    case "registered":
      return { ...record, hook: { kind: "registered", pod: event.pod, atMs: event.nowMs }, heardAtMs };
    case "unregistered":
      return { ...record, hook: { kind: "unregistered" }, heardAtMs };
    case "watched":
      // Deletion is final: an older event that a restarted watch repeats must not revive the pod.
      if (record.watch.kind === "deleted") return { ...record, heardAtMs };
      return { ...record, watch: { kind: "present", pod: event.pod }, heardAtMs };
    case "deleted":
      return { ...record, watch: { kind: "deleted" }, heardAtMs };
  }
}

function podOf({ hook, watch }: PodRecord): NodePod | undefined {
  if (watch.kind === "present") {
    return hook.kind === "unregistered" ? { ...watch.pod, condition: "draining" } : watch.pod;
  }
  if (watch.kind === "silent" && hook.kind === "registered") return { ...hook.pod, condition: "ready" };
  return undefined;
}
