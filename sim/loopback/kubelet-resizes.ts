// Resizes as kubelet treats them: one fits if what the node's other pods were allocated leaves room for it; else it is
// Deferred and tried again when pods leave or shrink; above the node's allocatable it is Infeasible. A granted one is
// allocated at once and carried out a while later. Source: pkg/kubelet/allocation, Kubernetes 1.37.

import type { Clock } from "#runtime/clock.ts";
import { isWithin } from "#model/resources.ts";
import type { DueQueue } from "./due-queue.ts";
import { askedResources, compareDeferred } from "./held-pod.ts";
import type { ContainerGrants, HeldPod, PendingResize } from "./held-pod.ts";
import type { HeldPods } from "./held-pods.ts";
import { equalJson, objectOf } from "./json.ts";
import { timestampText } from "./kube-object.ts";
import type { KubeObject } from "./kube-object.ts";
import { conditionOf, withCondition, withoutCondition } from "./pod-condition.ts";
import { excessText } from "./pod-resize.ts";
import { specRequest } from "./pod-resources.ts";
import { withActuated, withAllocated } from "./pod-status.ts";

interface ResizeOptions {
  readonly clock: Clock;
  readonly random: () => number;
  readonly faultRatio: number;
  readonly resizeDelayMs: number;
  readonly held: HeldPods;
  readonly queue: DueQueue;
  /** Has the node's deferred resizes tried again soon. */
  readonly retryLater: (nodeName: string) => void;
}

export class KubeletResizes {
  readonly #options: ResizeOptions;

  constructor(options: ResizeOptions) {
    this.#options = options;
  }

  /** Compares what a running pod asks for with what it was granted, and acts on a new wish once. */
  reconcile(held: HeldPod, pod: KubeObject): void {
    const { clock, queue, retryLater } = this.#options;
    const asked = askedResources(pod);
    if (held.pending !== undefined && equalGrants(held.pending.asked, asked)) return;
    if (equalGrants(held.granted, asked)) {
      this.#withdraw(held, pod);
      return;
    }
    const resize = { asked, request: specRequest(pod), sinceMs: clock.nowMs(), heldUntilMs: 0 };
    const fault = this.#drawFault();
    if (fault === "infeasible") {
      this.#setPending(held, { ...resize, kind: "infeasible" }, "Node refuses this size");
    } else if (fault === "deferred") {
      const heldUntilMs = clock.nowMs() + FAULT_DEFERRAL_MS;
      this.#setPending(held, { ...resize, kind: "deferred", heldUntilMs }, "Node is busy");
      queue.add(FAULT_DEFERRAL_MS, () => retryLater(held.nodeName));
    } else this.#decide(held, { ...resize, kind: "deferred" });
  }

  /** Tries the node's deferred resizes again, in kubelet's order. */
  retryDeferred(nodeName: string): void {
    const nowMs = this.#options.clock.nowMs();
    const deferred = [...this.#options.held.roomOf(nodeName).pods].filter(
      ({ pending }) => pending?.kind === "deferred" && pending.heldUntilMs <= nowMs,
    );
    for (const held of deferred.sort(compareDeferred)) {
      if (held.pending !== undefined) this.#decide(held, held.pending);
    }
  }

  #withdraw(held: HeldPod, pod: KubeObject): void {
    if (held.pending === undefined) return;
    held.pending = undefined;
    this.#options.held.writeStatus(held, withoutCondition(objectOf(pod.status), PENDING));
  }

  #decide(held: HeldPod, resize: PendingResize): void {
    const allocatable = this.#options.held.allocatable(held.nodeName);
    const isGrowing = !isWithin(resize.request, held.allocated);
    if (allocatable !== undefined && isGrowing && !isWithin(resize.request, allocatable)) {
      const message = `Node didn't have enough capacity: ${excessText(resize.request, allocatable)}`;
      this.#setPending(held, { ...resize, kind: "infeasible" }, message);
      return;
    }
    const shortage = this.#options.held.shortage(held, resize.request, held.allocated);
    if (shortage === undefined) this.#grant(held, resize);
    else this.#setPending(held, { ...resize, kind: "deferred" }, shortage.message);
  }

  #grant(held: HeldPod, { asked, request }: PendingResize): void {
    const { held: pods, queue, resizeDelayMs, retryLater } = this.#options;
    const pod = pods.current(held);
    if (pod === undefined) return;
    const frees = !isWithin(held.allocated, request);
    held.pending = undefined;
    held.granted = asked;
    held.actuating = asked;
    pods.roomOf(held.nodeName).reallocate(held, request);
    const status = withoutCondition(withAllocated(pod, objectOf(pod.status), asked), PENDING);
    pods.writeStatus(held, withCondition(status, { ...this.#stamp(pod), type: IN_PROGRESS, status: "True" }));
    queue.add(resizeDelayMs, () => this.#actuate(held, asked));
    if (frees) retryLater(held.nodeName);
  }

  #actuate(held: HeldPod, granted: ContainerGrants): void {
    const pod = this.#options.held.current(held);
    // A later grant is carried out in its own time.
    if (pod === undefined || held.actuating !== granted) return;
    held.actuating = undefined;
    const status = withActuated(pod, objectOf(pod.status), granted);
    this.#options.held.writeStatus(held, withoutCondition(status, IN_PROGRESS));
  }

  #setPending(held: HeldPod, pending: PendingResize, message: string): void {
    const pod = this.#options.held.current(held);
    if (pod === undefined) return;
    held.pending = pending;
    const reason = pending.kind === "deferred" ? "Deferred" : "Infeasible";
    const condition = { ...this.#stamp(pod), type: PENDING, status: "True", reason, message } as const;
    const present = conditionOf(pod.status, PENDING);
    const isSame = present?.["reason"] === reason && present["message"] === message;
    if (isSame && present["observedGeneration"] === condition.observedGeneration) return;
    const status = { ...pod.status, observedGeneration: condition.observedGeneration };
    this.#options.held.writeStatus(held, withCondition(status, condition));
  }

  #drawFault(): "infeasible" | "deferred" | undefined {
    const { faultRatio, random } = this.#options;
    if (faultRatio === 0 || random() >= faultRatio) return undefined;
    return random() < 0.5 ? "infeasible" : "deferred";
  }

  #stamp({ metadata }: KubeObject): {
    readonly lastTransitionTime: string;
    readonly observedGeneration: number;
  } {
    const lastTransitionTime = timestampText(this.#options.clock.nowMs());
    return { lastTransitionTime, observedGeneration: metadata.generation ?? 0 };
  }
}

const PENDING = "PodResizePending";
const IN_PROGRESS = "PodResizeInProgress";

// Longer than a recommender's patience with one resize, shorter than kubelet's own retry every three minutes.
const FAULT_DEFERRAL_MS = 30_000;

function equalGrants(a: ContainerGrants, b: ContainerGrants): boolean {
  if (a.size !== b.size) return false;
  for (const [name, resources] of a) if (!equalJson(resources, b.get(name))) return false;
  return true;
}
