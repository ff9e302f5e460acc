// Which pod is next: kube-scheduler's three queues (pkg/scheduler/backend/queue). Active pods are tried in order of
// arrival. One that found no node waits for an event that may help, and then for its backoff of 1 to 10 s.

import type { Cancel, Clock } from "#runtime/clock.ts";
import type { DriverPod } from "./decode-scheduling.ts";

const BACKOFF_MS_FIRST = 1_000;
const BACKOFF_MS_MAX = 10_000;

interface Entry {
  pod: DriverPod;
  attempts: number;
  state: "active" | "backingOff" | "unschedulable" | "inCycle";
  readyAtMs: number;
  /** An event that may help came while the pod's cycle ran. */
  isMovePending: boolean;
  cancel: Cancel | undefined;
}

export class SchedulingQueue {
  readonly #clock: Clock;
  readonly #woken: () => void;
  readonly #entries = new Map<string, Entry>();
  readonly #active = new Set<Entry>();
  readonly #unschedulable = new Set<Entry>();

  constructor(clock: Clock, woken: () => void) {
    this.#clock = clock;
    this.#woken = woken;
  }

  /** Pods that wait, whatever for. */
  get size(): number {
    return this.#entries.size;
  }

  get hasActive(): boolean {
    return this.#active.size > 0;
  }

  /** Adds a pod, or takes its newest state. */
  put(pod: DriverPod): void {
    const entry = this.#entries.get(pod.view.uid);
    if (entry !== undefined) {
      entry.pod = pod;
      return;
    }
    const added: Entry = {
      pod,
      attempts: 0,
      state: "active",
      readyAtMs: 0,
      isMovePending: false,
      cancel: undefined,
    };
    this.#entries.set(pod.view.uid, added);
    this.#activate(added);
  }

  remove(uid: string): void {
    const entry = this.#entries.get(uid);
    if (entry === undefined) return;
    entry.cancel?.();
    this.#entries.delete(uid);
    this.#active.delete(entry);
    this.#unschedulable.delete(entry);
  }

  /** The pod to try now; it is in its cycle until it is removed or given back. */
  next(): DriverPod | undefined {
    for (const entry of this.#active) {
      this.#active.delete(entry);
      entry.state = "inCycle";
      entry.attempts++;
      entry.isMovePending = false;
      return entry.pod;
    }
    return undefined;
  }

  /** No node took the pod. */
  unschedulable(uid: string): void {
    const entry = this.#entries.get(uid);
    if (entry === undefined) return;
    entry.readyAtMs = this.#clock.nowMs() + backoffMs(entry.attempts);
    if (entry.isMovePending) return this.#backOff(entry);
    entry.state = "unschedulable";
    this.#unschedulable.add(entry);
  }

  /** The cycle or the binding failed: try again after the backoff, whatever happens. */
  failed(uid: string): void {
    const entry = this.#entries.get(uid);
    if (entry === undefined) return;
    entry.readyAtMs = this.#clock.nowMs() + backoffMs(entry.attempts);
    this.#backOff(entry);
  }

  /** Something changed that may make room: a pod left, a node or a proxy changed. */
  moveAll(): void {
    for (const entry of this.#entries.values()) if (entry.state === "inCycle") entry.isMovePending = true;
    for (const entry of this.#unschedulable) this.#backOff(entry);
    this.#unschedulable.clear();
  }

  stop(): void {
    for (const entry of this.#entries.values()) entry.cancel?.();
  }

  #backOff(entry: Entry): void {
    const delayMs = entry.readyAtMs - this.#clock.nowMs();
    if (delayMs <= 0) return this.#activate(entry);
    entry.state = "backingOff";
    entry.cancel = this.#clock.after(delayMs, () => this.#activate(entry));
  }

  #activate(entry: Entry): void {
    entry.cancel = undefined;
    entry.state = "active";
    this.#active.add(entry);
    this.#woken();
  }
}

function backoffMs(attempts: number): number {
  return Math.min(BACKOFF_MS_MAX, BACKOFF_MS_FIRST * 2 ** Math.max(0, attempts - 1));
}
