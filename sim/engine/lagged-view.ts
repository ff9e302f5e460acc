// The cluster as its schedulers see it: bindings, departures and resizes some time after they happened, in order. What a
// scheduler decided itself it knows at once: Berth by the promise in its ledger, kube-scheduler by the pod that it assumes.
// Kubelet sees what is there, and turns away what does not fit; the pod's controller makes another one, which is seen
// late, too. New nodes are seen at once.

import { assert } from "#model/assert.ts";
import type { NodeName, PodUid } from "#model/brand.ts";
import type { NodeLedger } from "#model/node-ledger.ts";
import { isWithin } from "#model/resources.ts";
import type { Clock } from "#runtime/clock.ts";
import { DEFAULT_PROMISE_LIMITS } from "#scheduler-extender/policy/promise.ts";
import { roomOf } from "./node-room.ts";
import type { Placer } from "./placement-policy.ts";
import {
  type ClusterObserver,
  type ClusterOptions,
  type ProxyChange,
  ReplayCluster,
} from "./replay-cluster.ts";
import type { ReplayPod } from "./replay-pod.ts";

/** A promise outlives the lag by far, so that none ends before its binding is seen. */
export const WATCH_LAG_MS_MAX = DEFAULT_PROMISE_LIMITS.reservationMs / 2;

export interface WatchResult {
  readonly lagMs: number;
  /** Pods that kubelet turned away since they did not fit what was there. */
  readonly rejectedForRoom: number;
  /** Pods that were bound to nodes that had gone. */
  readonly rejectedWithNode: number;
  /** Of these, made anew and placed, or put to wait, once more. */
  readonly retries: number;
}

/** What a view does to the run. */
export interface ViewHost {
  readonly clock: Clock;
  /** A pod that kubelet turned away is to be placed once more. */
  again(pod: ReplayPod): void;
  /** Something has been seen: pods that wait may fit now. */
  seen(): void;
}

interface LaggedViewOptions {
  readonly lagMs: number;
  readonly cluster: ReplayCluster;
  /** Made as the cluster itself. */
  readonly like: ClusterOptions;
  readonly podsPerNodeMax: number;
  readonly host: ViewHost;
}

interface Change {
  readonly dueMs: number;
  readonly apply: () => void;
}

export class LaggedView implements ClusterObserver {
  /** What schedulers read. */
  readonly seen: ReplayCluster;
  readonly #cluster: ReplayCluster;
  readonly #host: ViewHost;
  readonly #lagMs: number;
  readonly #podsPerNodeMax: number;
  readonly #seenPods = new Map<PodUid, ReplayPod>();
  /** Turned away, and not made anew yet. */
  readonly #turnedAway = new Set<ReplayPod>();
  #changes: Change[] = [];
  /** Of the changes, those that were seen already. */
  #seenChanges = 0;
  #placer: Placer | undefined;
  #rejectedForRoom = 0;
  #rejectedWithNode = 0;
  #retries = 0;

  constructor({ lagMs, cluster, like, podsPerNodeMax, host }: LaggedViewOptions) {
    this.seen = new ReplayCluster(like);
    this.#cluster = cluster;
    this.#lagMs = lagMs;
    this.#podsPerNodeMax = podsPerNodeMax;
    this.#host = host;
  }

  /** The scheduler that is told what becomes of its own decisions. */
  serve(placer: Placer): void {
    this.#placer = placer;
  }

  /** Pods that are neither placed nor wait. */
  get turnedAway(): number {
    return this.#turnedAway.size;
  }

  /** Something is still to be seen. */
  get isUnderway(): boolean {
    return this.#changes.length > this.#seenChanges;
  }

  /** The scheduler decided on a node for the pod. True if kubelet takes the pod, false if it is turned away. */
  admits(pod: ReplayPod, name: NodeName): boolean {
    const app = this.seen.mesh.kind === "nodeProxy" ? pod.app : undefined;
    const { uid, request, ownerUid } = pod;
    const expiresAtMs = this.#host.clock.nowMs() + DEFAULT_PROMISE_LIMITS.reservationMs;
    this.seen.ledger.reserve({ pod: { uid, app, request, ownerUid }, node: name, expiresAtMs });
    this.#placer?.promised?.(pod, name);
    const node = this.#cluster.ledger.node(name);
    if (node !== undefined && this.#takes(node, pod)) return true;
    if (node === undefined) this.#rejectedWithNode++;
    else this.#rejectedForRoom++;
    this.#turnedAway.add(pod);
    this.#later(() => {
      this.#endPromise(pod, name);
      if (!this.#turnedAway.delete(pod)) return;
      this.#retries++;
      this.#host.again(pod);
    });
    return false;
  }

  /** A pod leaves; true if it was turned away and is not made anew for that. */
  forget(pod: ReplayPod): boolean {
    return this.#turnedAway.delete(pod);
  }

  nodeAdded(node: NodeLedger): void {
    const { name, allocatable, zone, traits } = node;
    assert(traits !== undefined, "nodes of a run have traits");
    // A node that was lost is back before its loss was seen.
    if (this.seen.ledger.node(name) !== undefined) this.#seeUntil(Infinity);
    this.seen.addNode({ name, allocatable, zone, traits });
  }

  nodeRemoved({ name }: NodeLedger): void {
    const node = this.seen.ledger.node(name);
    // One that never had a pod, as far as anybody saw: an autoscaler takes it back at once.
    if (node?.occupants.size === 0 && !this.isUnderway) this.seen.removeNode(name);
    else this.#later(() => this.#removeSeen(name));
  }

  podBound(pod: ReplayPod, { name }: NodeLedger): void {
    this.#later(() => {
      const seen = { ...pod, nodeName: undefined };
      this.#seenPods.set(pod.uid, seen);
      this.seen.bind(seen, name);
    });
  }

  podLeft({ uid }: ReplayPod): void {
    this.#later(() => {
      const seen = this.#seenPods.get(uid);
      assert(seen !== undefined, "a pod that left was seen before");
      this.#seenPods.delete(uid);
      this.seen.unbind(seen);
    });
  }

  proxyResized({ name }: NodeLedger, { after }: ProxyChange): void {
    this.#later(() => {
      if (this.seen.ledger.node(name) !== undefined) this.seen.resizeProxy(name, after);
    });
  }

  result(): WatchResult {
    return {
      lagMs: this.#lagMs,
      rejectedForRoom: this.#rejectedForRoom,
      rejectedWithNode: this.#rejectedWithNode,
      retries: this.#retries,
    };
  }

  // As kubelet's admission does it: by requests, and knowing nothing of what a proxy is about to need.
  #takes(node: NodeLedger, { request }: ReplayPod): boolean {
    const pods = node.occupants.size + node.proxies.size;
    return pods < this.#podsPerNodeMax && isWithin(request, roomOf(node));
  }

  #later(apply: () => void): void {
    const { clock } = this.#host;
    const dueMs = clock.nowMs() + this.#lagMs;
    const isFirstOfMoment = this.#changes.at(-1)?.dueMs !== dueMs || !this.isUnderway;
    this.#changes.push({ dueMs, apply });
    if (isFirstOfMoment) clock.after(this.#lagMs, () => this.#see());
  }

  #see(): void {
    this.#seeUntil(this.#host.clock.nowMs());
    this.#host.seen();
  }

  #seeUntil(timeMs: number): void {
    while (this.isUnderway) {
      const change = this.#changes[this.#seenChanges];
      if (change === undefined || change.dueMs > timeMs) break;
      this.#seenChanges++;
      change.apply();
    }
    if (this.isUnderway) return;
    this.#changes = [];
    this.#seenChanges = 0;
  }

  // Who was promised the node meanwhile is turned away; that is seen afterwards.
  #removeSeen(name: NodeName): void {
    const node = this.seen.ledger.node(name);
    for (const uid of node?.occupants.keys() ?? []) {
      for (const pod of this.#turnedAway) if (pod.uid === uid) this.#endPromise(pod, name);
      this.seen.ledger.release(uid);
    }
    this.seen.removeNode(name);
  }

  #endPromise(pod: ReplayPod, name: NodeName): void {
    this.seen.ledger.release(pod.uid);
    this.#placer?.promiseEnded?.(pod, name);
  }
}
