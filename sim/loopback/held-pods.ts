// All pods that the kubelets hold, and the room they leave on their nodes.

import type { Resources } from "#model/resources.ts";
import type { HeldPod } from "./held-pod.ts";
import type { JsonObject } from "./json.ts";
import type { KubeObject } from "./kube-object.ts";
import { NodeRoom, shortageOf } from "./node-room.ts";
import type { Shortage } from "./node-room.ts";
import type { ObjectStore } from "./object-store.ts";
import { allocatableOf } from "./pod-resources.ts";

export class HeldPods {
  readonly #store: ObjectStore;
  readonly #held = new Map<string, HeldPod>();
  readonly #rooms = new Map<string, NodeRoom>();

  constructor(store: ObjectStore) {
    this.#store = store;
  }

  get(uid: string): HeldPod | undefined {
    return this.#held.get(uid);
  }

  add(held: HeldPod): void {
    this.#held.set(held.uid, held);
    this.roomOf(held.nodeName).hold(held);
  }

  /** The pod needs no room any more; it is known until it is removed. */
  end(held: HeldPod): void {
    held.state = "ended";
    held.pending = undefined;
    this.roomOf(held.nodeName).release(held);
  }

  remove(held: HeldPod): void {
    this.end(held);
    this.#held.delete(held.uid);
  }

  /** The pod as it is now, unless another took its name. */
  current(held: HeldPod): KubeObject | undefined {
    const pod = this.#store.get("pods", held.key);
    return pod?.metadata.uid === held.uid ? pod : undefined;
  }

  writeStatus(held: HeldPod, status: JsonObject): void {
    const pod = this.current(held);
    if (pod !== undefined) this.#store.update("pods", { ...pod, status });
  }

  /** What the node offers; undefined if nobody says. */
  allocatable(nodeName: string): Resources | undefined {
    const node = this.#store.get("nodes", { name: nodeName });
    return node === undefined ? undefined : allocatableOf(node);
  }

  /** Why the pod cannot have `request` in place of `allocated`; undefined if it can. */
  shortage(held: HeldPod, request: Resources, allocated: Resources): Shortage | undefined {
    const allocatable = this.allocatable(held.nodeName);
    if (allocatable === undefined) return undefined;
    const usedByOthers = this.roomOf(held.nodeName).usedByOthers(held);
    return shortageOf({ request, allocated, allocatable, usedByOthers });
  }

  roomOf(nodeName: string): NodeRoom {
    let room = this.#rooms.get(nodeName);
    if (room === undefined) this.#rooms.set(nodeName, (room = new NodeRoom()));
    return room;
  }
}
