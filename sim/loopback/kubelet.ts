// The kubelets of all nodes at once: bound pods start, deleted pods go, resizes are granted, deferred or refused, all
// on the given clock. Not simulated: images, probes, restarts, volumes, memory pressure, and the killing of other pods
// for critical ones.

import type { Cancel, Clock } from "#runtime/clock.ts";
import { noResources } from "#model/resources.ts";
import { DueQueue } from "./due-queue.ts";
import { askedResources, newHeldPod } from "./held-pod.ts";
import type { HeldPod } from "./held-pod.ts";
import { HeldPods } from "./held-pods.ts";
import { objectOf, textOf } from "./json.ts";
import type { KubeObject } from "./kube-object.ts";
import { keyOf } from "./kube-object.ts";
import { KubeletResizes } from "./kubelet-resizes.ts";
import type { Change, ObjectStore } from "./object-store.ts";
import { PodAddresses } from "./pod-addresses.ts";
import { allocatedRequest, specRequest } from "./pod-resources.ts";
import { actuatedResources, rejectedStatus, runningStatus } from "./pod-status.ts";

export interface KubeletOptions {
  readonly store: ObjectStore;
  readonly clock: Clock;
  /** In [0, 1); decides which resizes meet a fault. */
  readonly random: () => number;
  readonly faults?: {
    /** Share of the resizes that are deferred for a while although there is room, or found Infeasible; half each. */
    readonly resizeFaultRatio: number;
  };
  /** From binding to Running. */
  readonly startDelayMs: number;
  /** From a granted resize to containers of the new size. */
  readonly resizeDelayMs: number;
  /** Nodes whose pods really run somewhere: no address is made up for them. */
  readonly isReal?: (nodeName: string) => boolean;
}

export class SimulatedKubelet {
  readonly #store: ObjectStore;
  readonly #clock: Clock;
  readonly #startDelayMs: number;
  readonly #queue: DueQueue;
  readonly #addresses: PodAddresses;
  readonly #held: HeldPods;
  readonly #resizes: KubeletResizes;
  readonly #dirtyPods = new Map<string, KubeObject>();
  readonly #dirtyNodes = new Set<string>();
  #isSyncDue = false;
  #unsubscribe: Cancel | undefined;

  constructor(options: KubeletOptions) {
    const { store, clock, random, faults, startDelayMs, resizeDelayMs, isReal = () => false } = options;
    this.#store = store;
    this.#clock = clock;
    this.#startDelayMs = startDelayMs;
    this.#queue = new DueQueue(clock);
    this.#addresses = new PodAddresses(store, isReal);
    this.#held = new HeldPods(store);
    this.#resizes = new KubeletResizes({
      clock,
      random,
      faultRatio: faults?.resizeFaultRatio ?? 0,
      resizeDelayMs,
      held: this.#held,
      queue: this.#queue,
      retryLater: (nodeName) => this.#noteNode(nodeName),
    });
  }

  /** Takes over the pods that are there and follows every change from now on. */
  start(): void {
    this.#unsubscribe ??= this.#store.subscribe((change) => this.#note(change));
    for (const pod of this.#store.list("pods")) this.#notePod(pod);
  }

  /** Nothing happens to pods any more; what was to happen is forgotten. */
  stop(): void {
    this.#unsubscribe?.();
    this.#unsubscribe = undefined;
    this.#queue.clear();
    this.#isSyncDue = false;
  }

  #note({ resource, type, object }: Change): void {
    if (resource === "nodes") this.#noteNode(object.metadata.name);
    else if (resource === "pods" && type === "DELETED") this.#forget(object);
    else if (resource === "pods") this.#notePod(object);
  }

  #notePod(pod: KubeObject): void {
    if (!textOf(pod.spec?.["nodeName"])) return;
    this.#dirtyPods.set(pod.metadata.uid, pod);
    this.#scheduleSync();
  }

  #noteNode(nodeName: string): void {
    this.#dirtyNodes.add(nodeName);
    this.#scheduleSync();
  }

  #forget(pod: KubeObject): void {
    this.#dirtyPods.delete(pod.metadata.uid);
    const held = this.#held.get(pod.metadata.uid);
    if (held === undefined) return;
    this.#held.remove(held);
    this.#noteNode(held.nodeName);
  }

  #scheduleSync(): void {
    if (this.#isSyncDue) return;
    this.#isSyncDue = true;
    this.#queue.add(0, () => this.#sync());
  }

  #sync(): void {
    this.#isSyncDue = false;
    const pods = [...this.#dirtyPods.values()];
    this.#dirtyPods.clear();
    for (const pod of pods) this.#reconcile(pod);
    const nodes = [...this.#dirtyNodes];
    this.#dirtyNodes.clear();
    for (const nodeName of nodes) this.#resizes.retryDeferred(nodeName);
  }

  #reconcile(pod: KubeObject): void {
    const held = this.#held.get(pod.metadata.uid) ?? this.#take(pod);
    if (held.state !== "ended" && hasEnded(pod)) this.#end(held);
    if (pod.metadata.deletionTimestamp !== undefined) this.#scheduleRemoval(held, pod);
    if (held.state === "running") this.#resizes.reconcile(held, pod);
  }

  // Pods that run already, as after a restart of the kubelet, keep what they have; new ones have to fit.
  #take(pod: KubeObject): HeldPod {
    const actuated = pod.status?.["phase"] === "Running" ? actuatedResources(pod) : undefined;
    const allocated = actuated === undefined ? specRequest(pod) : allocatedRequest(pod);
    const held = newHeldPod(pod, allocated, actuated ?? askedResources(pod));
    const isNew = actuated === undefined && !hasEnded(pod);
    const shortage = isNew ? this.#held.shortage(held, allocated, noResources) : undefined;
    this.#held.add(held);
    if (shortage !== undefined) {
      this.#end(held);
      this.#held.writeStatus(held, rejectedStatus(pod, shortage));
    } else if (isNew) this.#queue.add(this.#startDelayMs, () => this.#run(held));
    else held.state = "running";
    return held;
  }

  #run(held: HeldPod): void {
    const pod = this.#held.current(held);
    if (pod === undefined || held.state !== "starting" || pod.metadata.deletionTimestamp !== undefined)
      return;
    held.state = "running";
    const place = { ...this.#addresses.of(pod), nowMs: this.#clock.nowMs() };
    this.#held.writeStatus(held, runningStatus(pod, held.granted, place));
  }

  #end(held: HeldPod): void {
    this.#held.end(held);
    this.#noteNode(held.nodeName);
  }

  #scheduleRemoval(held: HeldPod, pod: KubeObject): void {
    const graceMs = Math.min((pod.metadata.deletionGracePeriodSeconds ?? 0) * 1000, TERMINATION_MS_MAX);
    const removalMs = this.#clock.nowMs() + graceMs;
    // A second deletion can only bring the end forward.
    if (held.removalMs !== undefined && held.removalMs <= removalMs) return;
    held.removalMs = removalMs;
    this.#queue.add(graceMs, () => this.#remove(held));
  }

  #remove(held: HeldPod): void {
    const pod = this.#held.current(held);
    if (pod === undefined) return;
    if ((pod.metadata.finalizers ?? []).length === 0) {
      this.#store.delete("pods", keyOf(pod));
      return;
    }
    // Its containers are gone; the API server removes it with the last finalizer.
    const metadata = { ...pod.metadata, deletionGracePeriodSeconds: 0 };
    const status = { ...objectOf(pod.status), phase: "Succeeded" };
    this.#store.update("pods", { ...pod, metadata, status });
  }
}

// Containers that ignore SIGTERM take all of their grace; a grace of hours would only keep a replay waiting.
const TERMINATION_MS_MAX = 60_000;

function hasEnded(pod: KubeObject): boolean {
  const phase = pod.status?.["phase"];
  return phase === "Failed" || phase === "Succeeded";
}
