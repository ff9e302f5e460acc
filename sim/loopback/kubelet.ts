// The kubelets of all nodes at once: bound pods start, deleted pods go, resizes are granted, deferred or refused, all
// on the given clock. FACTS behind it: a resize fits if what the node's other pods have been allocated leaves room;
// a deferred one is tried again when pods leave or shrink; one above the node's allocatable is Infeasible. Not
// simulated: images, probes, restarts, volumes, memory pressure, and preemption for critical pods.

import type { Cancel, Clock } from "#runtime/clock.ts";
import { isWithin, noResources } from "#model/resources.ts";
import type { Resources } from "#model/resources.ts";
import { DueQueue } from "./due-queue.ts";
import { askedResources, compareDeferred, newHeldPod } from "./held-pod.ts";
import type { ContainerGrants, HeldPod, PendingResize } from "./held-pod.ts";
import { equalJson, listOf, objectOf, textOf } from "./json.ts";
import type { JsonObject } from "./json.ts";
import { timestampText } from "./kube-object.ts";
import type { KubeObject } from "./kube-object.ts";
import { NodeRoom, shortageOf } from "./node-room.ts";
import type { Shortage } from "./node-room.ts";
import type { Change, ObjectStore } from "./object-store.ts";
import { PodAddresses } from "./pod-addresses.ts";
import { conditionOf, withCondition, withoutCondition } from "./pod-condition.ts";
import { excessText } from "./pod-resize.ts";
import { allocatableOf, allocatedRequest, specRequest } from "./pod-resources.ts";
import {
  actuatedResources,
  rejectedStatus,
  runningStatus,
  withActuated,
  withAllocated,
} from "./pod-status.ts";

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
  readonly #options: KubeletOptions;
  readonly #store: ObjectStore;
  readonly #clock: Clock;
  readonly #queue: DueQueue;
  readonly #addresses: PodAddresses;
  readonly #held = new Map<string, HeldPod>();
  readonly #rooms = new Map<string, NodeRoom>();
  readonly #dirtyPods = new Map<string, KubeObject>();
  readonly #dirtyNodes = new Set<string>();
  #isSyncDue = false;
  #unsubscribe: Cancel | undefined;

  constructor(options: KubeletOptions) {
    this.#options = options;
    this.#store = options.store;
    this.#clock = options.clock;
    this.#queue = new DueQueue(options.clock);
    this.#addresses = new PodAddresses(options.store, options.isReal ?? (() => false));
  }

  /** Takes over the pods that are there and follows every change from now on. */
  start(): void {
    this.#unsubscribe ??= this.#store.subscribe((change) => this.#note(change));
    for (const pod of this.#store.list("pods")) this.#notePod(pod);
  }

  /** Nothing happens to pods any more. */
  stop(): void {
    this.#unsubscribe?.();
    this.#unsubscribe = undefined;
    this.#queue.clear();
    this.#isSyncDue = false;
  }

  #note(change: Change): void {
    if (change.resource === "nodes") {
      this.#dirtyNodes.add(change.object.metadata.name);
      this.#scheduleSync();
    } else if (change.resource === "pods") {
      if (change.type === "DELETED") this.#forget(change.object);
      else this.#notePod(change.object);
    }
  }

  #notePod(pod: KubeObject): void {
    if (!textOf(pod.spec?.["nodeName"])) return;
    this.#dirtyPods.set(pod.metadata.uid, pod);
    this.#scheduleSync();
  }

  #forget(pod: KubeObject): void {
    this.#dirtyPods.delete(pod.metadata.uid);
    const held = this.#held.get(pod.metadata.uid);
    if (held === undefined) return;
    this.#held.delete(held.uid);
    this.#release(held);
  }

  #release(held: HeldPod): void {
    held.state = "ended";
    held.pending = undefined;
    this.#roomOf(held.nodeName).release(held);
    this.#dirtyNodes.add(held.nodeName);
    this.#scheduleSync();
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
    for (const nodeName of nodes) this.#retryDeferred(nodeName);
  }

  #reconcile(pod: KubeObject): void {
    const held = this.#held.get(pod.metadata.uid) ?? this.#admit(pod);
    if (held === undefined) return;
    const phase = pod.status?.["phase"];
    if (held.state !== "ended" && (phase === "Failed" || phase === "Succeeded")) this.#release(held);
    if (pod.metadata.deletionTimestamp !== undefined) this.#scheduleRemoval(held, pod);
    if (held.state === "running") this.#reconcileResize(held, pod);
  }

  // Pods that run already, as after a restart of the kubelet, keep what they have.
  #admit(pod: KubeObject): HeldPod | undefined {
    const phase = pod.status?.["phase"];
    if ((phase === "Failed" || phase === "Succeeded") && pod.metadata.deletionTimestamp === undefined)
      return undefined;
    const actuated = phase === "Running" ? actuatedResources(pod) : undefined;
    const held = newHeldPod(
      pod,
      actuated ? allocatedRequest(pod) : specRequest(pod),
      actuated ?? askedResources(pod),
    );
    const room = this.#roomOf(held.nodeName);
    const shortage = actuated
      ? undefined
      : this.#shortage(held, { request: held.allocated, allocated: noResources });
    if (shortage !== undefined && pod.metadata.deletionTimestamp === undefined) {
      this.#write(pod, rejectedStatus(pod, shortage));
      return undefined;
    }
    this.#held.set(held.uid, held);
    room.hold(held);
    if (actuated) held.state = "running";
    else this.#queue.add(this.#options.startDelayMs, () => this.#run(held));
    return held;
  }

  #run(held: HeldPod): void {
    const pod = this.#current(held);
    if (pod === undefined || held.state !== "starting") return;
    held.state = "running";
    const place = { ...this.#addresses.of(pod), nowMs: this.#clock.nowMs() };
    this.#write(pod, runningStatus(pod, held.granted, place));
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
    const pod = this.#current(held);
    if (pod === undefined) return;
    if ((pod.metadata.finalizers ?? []).length === 0) {
      this.#store.delete("pods", held.key);
      return;
    }
    // The API server removes it with the last finalizer; its containers are gone already.
    const metadata = { ...pod.metadata, deletionGracePeriodSeconds: 0 };
    if (held.state !== "ended") this.#release(held);
    this.#store.update("pods", { ...pod, metadata, status: { ...pod.status, phase: "Succeeded" } });
  }

  #reconcileResize(held: HeldPod, pod: KubeObject): void {
    const asked = askedResources(pod);
    if (held.pending !== undefined && equalGrants(held.pending.asked, asked)) return;
    if (equalGrants(held.granted, asked)) {
      const isWithdrawn = held.pending !== undefined;
      held.pending = undefined;
      if (isWithdrawn) this.#write(pod, withoutCondition(objectOf(pod.status), PENDING));
      return;
    }
    const fault = this.#drawFault();
    const request = specRequest(pod);
    const resize = { asked, request, sinceMs: this.#clock.nowMs(), heldUntilMs: 0 };
    if (fault === "infeasible") {
      this.#setPending(held, { ...resize, kind: "infeasible" }, "the node refuses this size");
    } else if (fault === "deferred") {
      const heldUntilMs = this.#clock.nowMs() + FAULT_DEFERRAL_MS;
      this.#setPending(
        held,
        { ...resize, kind: "deferred", heldUntilMs },
        "the node is busy with another resize",
      );
      this.#queue.add(FAULT_DEFERRAL_MS, () => this.#retryDeferred(held.nodeName));
    } else this.#decide(held, { ...resize, kind: "deferred" });
  }

  #decide(held: HeldPod, resize: PendingResize): void {
    const allocatable = this.#allocatable(held.nodeName);
    const isGrowing = !isWithin(resize.request, held.allocated);
    if (allocatable !== undefined && isGrowing && !isWithin(resize.request, allocatable)) {
      const message = `Node didn't have enough capacity: ${excessText(resize.request, allocatable)}`;
      this.#setPending(held, { ...resize, kind: "infeasible" }, message);
      return;
    }
    const shortage = this.#shortage(held, { request: resize.request, allocated: held.allocated });
    if (shortage === undefined) this.#grant(held, resize);
    else this.#setPending(held, { ...resize, kind: "deferred" }, shortage.message);
  }

  #grant(held: HeldPod, { asked, request }: PendingResize): void {
    const pod = this.#current(held);
    if (pod === undefined) return;
    held.pending = undefined;
    held.granted = asked;
    held.actuating = asked;
    const frees = !isWithin(held.allocated, request);
    this.#roomOf(held.nodeName).reallocate(held, request);
    const status = withoutCondition(withAllocated(pod, objectOf(pod.status), asked), PENDING);
    this.#write(
      pod,
      withCondition(status, { ...this.#conditionTimes(pod), type: IN_PROGRESS, status: "True" }),
    );
    this.#queue.add(this.#options.resizeDelayMs, () => this.#actuate(held, asked));
    if (frees) {
      this.#dirtyNodes.add(held.nodeName);
      this.#scheduleSync();
    }
  }

  #actuate(held: HeldPod, granted: ContainerGrants): void {
    const pod = this.#current(held);
    // A later grant is carried out by its own turn.
    if (pod === undefined || held.actuating !== granted) return;
    held.actuating = undefined;
    this.#write(pod, withoutCondition(withActuated(pod, objectOf(pod.status), granted), IN_PROGRESS));
  }

  #setPending(held: HeldPod, pending: PendingResize, message: string): void {
    const pod = this.#current(held);
    if (pod === undefined) return;
    held.pending = pending;
    const reason = pending.kind === "deferred" ? "Deferred" : "Infeasible";
    const status = { ...pod.status, observedGeneration: pod.metadata.generation ?? 0 };
    const condition = {
      ...this.#conditionTimes(pod),
      type: PENDING,
      status: "True",
      reason,
      message,
    } as const;
    if (
      equalJson(conditionOf(status, PENDING)?.["message"], message) &&
      conditionOf(status, PENDING)?.["reason"] === reason
    ) {
      return;
    }
    this.#write(pod, withCondition(status, condition));
  }

  #retryDeferred(nodeName: string): void {
    const nowMs = this.#clock.nowMs();
    const deferred = [...this.#roomOf(nodeName).pods].filter(
      ({ pending, state }) =>
        state === "running" && pending?.kind === "deferred" && pending.heldUntilMs <= nowMs,
    );
    for (const held of deferred.sort(compareDeferred))
      if (held.pending !== undefined) this.#decide(held, held.pending);
  }

  #drawFault(): "infeasible" | "deferred" | undefined {
    const ratio = this.#options.faults?.resizeFaultRatio ?? 0;
    if (ratio === 0 || this.#options.random() >= ratio) return undefined;
    return this.#options.random() < 0.5 ? "infeasible" : "deferred";
  }

  #shortage(held: HeldPod, change: { request: Resources; allocated: Resources }): Shortage | undefined {
    const allocatable = this.#allocatable(held.nodeName);
    if (allocatable === undefined) return undefined;
    return shortageOf({
      ...change,
      allocatable,
      usedByOthers: this.#roomOf(held.nodeName).usedByOthers(held),
    });
  }

  #conditionTimes(pod: KubeObject): {
    readonly lastTransitionTime: string;
    readonly observedGeneration: number;
  } {
    return {
      lastTransitionTime: timestampText(this.#clock.nowMs()),
      observedGeneration: pod.metadata.generation ?? 0,
    };
  }

  // The pod as it is now, unless another took its name.
  #current(held: HeldPod): KubeObject | undefined {
    const pod = this.#store.get("pods", held.key);
    return pod?.metadata.uid === held.uid ? pod : undefined;
  }

  #write(pod: KubeObject, status: JsonObject): void {
    const current = this.#store.get("pods", { namespace: pod.metadata.namespace, name: pod.metadata.name });
    if (current?.metadata.uid === pod.metadata.uid) this.#store.update("pods", { ...current, status });
  }

  #allocatable(nodeName: string): Resources | undefined {
    const node = this.#store.get("nodes", { name: nodeName });
    return node === undefined ? undefined : allocatableOf(node);
  }

  #roomOf(nodeName: string): NodeRoom {
    let room = this.#rooms.get(nodeName);
    if (room === undefined) this.#rooms.set(nodeName, (room = new NodeRoom()));
    return room;
  }
}

const PENDING = "PodResizePending";
const IN_PROGRESS = "PodResizeInProgress";

// Containers that ignore SIGTERM take all of their grace; a grace of hours would only keep a replay waiting.
const TERMINATION_MS_MAX = 60_000;
// Longer than a recommender's patience with one resize, shorter than kubelet's own retry every three minutes.
const FAULT_DEFERRAL_MS = 30_000;

function equalGrants(a: ContainerGrants, b: ContainerGrants): boolean {
  if (a.size !== b.size) return false;
  for (const [name, resources] of a) if (!equalJson(resources, b.get(name))) return false;
  return true;
}
