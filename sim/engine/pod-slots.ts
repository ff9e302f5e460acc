// The places that a trace's pods stand for. A pod that is made anew, after a node was lost or in a rollout, is another
// pod in the same place, and leaves when the trace's own pod would.

import { assert } from "#model/assert.ts";
import type { PodUid } from "#model/brand.ts";
import type { TraceEvent } from "../traces/trace-events.ts";
import type { TracePod, TracePods } from "../traces/trace.ts";
import { type AppsObserver, type MeshModel, PodMaker, type ReplayPod } from "./replay-pod.ts";

export interface SlotsOptions {
  readonly apps: Iterable<string>;
  /** All of the trace. */
  readonly pods: TracePods;
  /** Something else than the trace makes pods come and go. */
  readonly hasEvents: boolean;
}

/** Of a pod that is in no place. */
export const NO_SLOT = "";

export class PodSlots {
  readonly #maker: PodMaker;
  /** By the pod's number in the trace: where only the trace's own pods are ever in a place, it tells all. */
  readonly #own: (ReplayPod | undefined)[] = [];
  readonly #hasEvents: boolean;
  /** By the trace's name of the pod, for events: others may be in its place. */
  readonly #alive = new Map<string, ReplayPod>();
  /** Pods that are not the first ones in their places, in one or on their way to one. */
  readonly #later = new Map<PodUid, ReplayPod>();
  readonly #slotsOfApp = new Map<string, Set<string>>();
  /** What an app's pods are like, by the trace's names of apps. */
  readonly #firstOfApp = new Map<string, TracePod>();
  #madeAnew = 0;

  /** @param apps those that `ofApp` and `likeOf` will be asked about, by the trace's names. */
  constructor(mesh: MeshModel, { apps, pods, hasEvents }: SlotsOptions, observer: AppsObserver) {
    this.#maker = new PodMaker(mesh, observer);
    this.#hasEvents = hasEvents;
    for (const app of apps) this.#slotsOfApp.set(app, new Set());
    if (this.#slotsOfApp.size === 0) return;
    for (const pod of pods) {
      if (this.#slotsOfApp.has(pod.app) && !this.#firstOfApp.has(pod.app)) this.#firstOfApp.set(pod.app, pod);
    }
  }

  /** The trace's pod, made if nobody is in its place yet. */
  arriving(event: TraceEvent): ReplayPod {
    const known = this.at(event);
    if (known !== undefined) return known;
    const alive = this.#maker.make(event.pod);
    if (!this.#hasEvents) return (this.#own[event.index] = alive);
    this.#alive.set(alive.slot, alive);
    this.#slotsOfApp.get(alive.traced.name)?.add(alive.slot);
    return alive;
  }

  /** Who is in the place of the trace's pod now; undefined if nobody is. */
  at(event: TraceEvent): ReplayPod | undefined {
    return this.#hasEvents ? this.#alive.get(event.pod.id) : this.#own[event.index];
  }

  byUid(uid: PodUid): ReplayPod | undefined {
    return this.#later.get(uid) ?? this.#alive.get(uid);
  }

  /** Those that run. */
  running(): readonly ReplayPod[] {
    const all = new Set([...this.#own, ...this.#alive.values(), ...this.#later.values()]);
    return [...all].filter((pod) => pod !== undefined).filter(({ nodeName }) => nodeName !== undefined);
  }

  /** Those of an app that are alive, in the order in which their places came to be. */
  ofApp(app: string): readonly ReplayPod[] {
    return [...(this.#slotsOfApp.get(app) ?? [])].flatMap((slot) => this.#alive.get(slot) ?? []);
  }

  /** What a pod of the app is like, though none may be alive: the first one that is, or the trace's first. */
  likeOf(app: string): ReplayPod {
    const [alive] = this.ofApp(app);
    const first = this.#firstOfApp.get(app);
    assert(first !== undefined, "events are about apps of the trace");
    return alive ?? this.#maker.make(first);
  }

  /** Another pod like it, in no place yet. */
  another(pod: ReplayPod, ownerUid: string): ReplayPod {
    const name = `${pod.name.split("~", 1)[0]}~${++this.#madeAnew}`;
    const later = this.#maker.another(pod, { uid: name as PodUid, name, ownerUid, slot: NO_SLOT });
    this.#later.set(later.uid, later);
    return later;
  }

  takeOver(slot: string, pod: ReplayPod): void {
    pod.slot = slot;
    this.#alive.set(slot, pod);
  }

  /** A place that the trace does not know. */
  open(app: string, pod: ReplayPod): void {
    this.takeOver(pod.name, pod);
    this.#slotsOfApp.get(app)?.add(pod.name);
  }

  /** The pod is gone; its place is kept for others. */
  left(pod: ReplayPod): void {
    const { uid, slot } = pod;
    this.#maker.gone(pod);
    if (!this.#hasEvents) return;
    this.#later.delete(uid);
    if (this.#alive.get(slot)?.uid === uid) this.#alive.delete(slot);
  }

  /** Nobody will be in the place any more. */
  close(app: string, slot: string): void {
    this.#slotsOfApp.get(app)?.delete(slot);
  }

  /** The trace's pod leaves, whoever was in its place. */
  closeOf(event: TraceEvent): void {
    if (this.#hasEvents) this.close(event.pod.app, event.pod.id);
    else this.#own[event.index] = undefined;
  }
}
