// The API server's truth in races: pods by name with a version that every write raises, and what the watch has still to
// tell each of its watchers.

import type { NodeName } from "#model/brand.ts";
import type { PodView } from "#model/cluster-view.ts";
import type { PlacedPod } from "../policy/eligible-candidates.ts";
import type { EffectOutcome, NominateEffect } from "../policy/nominate-effect.ts";

export interface WatchEvent {
  readonly kind: "seen" | "gone";
  readonly pod: PodView;
  readonly sentMs: number;
}

export class RacedApi {
  readonly pods = new Map<string, PodView>();
  readonly #watchers: WatchEvent[][] = [];
  #versions = 0;

  /** A queue of what a new watcher has not been told; it lists the present itself. */
  watch(): WatchEvent[] {
    const queue: WatchEvent[] = [];
    this.#watchers.push(queue);
    return queue;
  }

  unwatch(queue: WatchEvent[]): void {
    this.#watchers.splice(this.#watchers.indexOf(queue), 1);
  }

  write(pod: PodView, nowMs: number): PodView {
    const resourceVersion = String(++this.#versions);
    const written =
      pod.placing === undefined ? pod : { ...pod, placing: { ...pod.placing, resourceVersion } };
    this.pods.set(pod.name, written);
    this.#tell({ kind: "seen", pod: written, sentMs: nowMs });
    return written;
  }

  remove(name: string, nowMs: number): void {
    const pod = this.pods.get(name);
    if (pod === undefined) return;
    this.pods.delete(name);
    this.#tell({ kind: "gone", pod, sentMs: nowMs });
  }

  /** The pod is bound, unless it is gone, bound, gated, or another one by now. */
  bind(pod: PodView, node: NodeName, nowMs: number): boolean {
    const present = this.pods.get(pod.name);
    if (present?.uid !== pod.uid || present.nodeName !== undefined) return false;
    if (present.placing?.gateIndex !== undefined) return false;
    const { placing: _, ...rest } = present;
    this.write({ ...rest, nodeName: node, nominatedNode: undefined }, nowMs);
    return true;
  }

  /** As kube-scheduler does when it gives a nomination up: the annotation is not its own. */
  loseNomination(pod: PodView, nowMs: number): void {
    const present = this.pods.get(pod.name);
    if (present?.uid !== pod.uid || present.nominatedNode === undefined) return;
    this.write({ ...present, nominatedNode: undefined }, nowMs);
  }

  /** What the shell's patch does, conditions included. */
  apply(effect: NominateEffect, nowMs: number): EffectOutcome {
    const present = this.pods.get(effect.pod.name);
    if (present === undefined) return "gone";
    const { placing } = present;
    if (present.uid !== effect.pod.uid || placing?.resourceVersion !== effect.pod.resourceVersion)
      return "changed";
    this.write(patched({ ...present, placing }, effect), nowMs);
    return "done";
  }

  #tell(event: WatchEvent): void {
    for (const queue of this.#watchers) queue.push(event);
  }
}

function patched(pod: PlacedPod, effect: NominateEffect): PodView {
  const { placing, ...rest } = pod;
  switch (effect.kind) {
    case "nominate":
      return { ...pod, nominatedNode: effect.node, placing: { ...placing, chosenNode: effect.node } };
    case "liftGate":
      return withoutGate(pod);
    case "clearNomination": {
      const cleared = { ...rest, nominatedNode: undefined };
      return placing.gateIndex === undefined
        ? cleared
        : { ...cleared, placing: { ...placing, chosenNode: undefined } };
    }
  }
}

/** A pod with neither gate nor annotation is none of the controller's. */
export function withoutGate(pod: PlacedPod): PodView {
  const { placing, ...rest } = pod;
  return placing.chosenNode === undefined ? rest : { ...rest, placing: { ...placing, gateIndex: undefined } };
}
