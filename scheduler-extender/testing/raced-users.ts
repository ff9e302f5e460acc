// Users, operators and whoever else writes pods in races: pods that come, also under the name of one that is gone, that
// are deleted or written to for no reason, lost nominations, and gates lifted by hand.

import type { PodView } from "#model/cluster-view.ts";
import type { SeededRandom } from "#sim/seeded-random.ts";
import { aPod } from "#test/builders/a-pod.ts";
import { MIB } from "#test/builders/sizes.ts";
import { withoutGate } from "./raced-api.ts";
import { APPS, type RacedCluster } from "./raced-cluster.ts";

/** Names that pods have one after the other. */
export const NAMES = 16;

export class RacedUsers {
  readonly #cluster: RacedCluster;
  readonly #random: SeededRandom;
  /** Of the pods that come, those that come with a gate. */
  readonly #gatedShare: number;
  #uids = 0;

  constructor(
    cluster: RacedCluster,
    { random, gatedShare }: { readonly random: SeededRandom; readonly gatedShare: number },
  ) {
    this.#cluster = cluster;
    this.#random = random;
    this.#gatedShare = gatedShare;
  }

  create(nowMs: number): void {
    const { api } = this.#cluster;
    const name = `pod-${this.#random.integer(NAMES)}`;
    if (api.pods.has(name)) return;
    const isGated = this.#random.next() < this.#gatedShare;
    const pod = aPod({
      name,
      uid: `uid-${this.#uids++}`,
      app: APPS[this.#random.integer(APPS.length)] ?? "cart",
      cpuMilli: 50 + this.#random.integer(400),
      memoryBytes: (64 + this.#random.integer(512)) * MIB,
      ...(isGated && { placing: {} }),
    });
    api.write(pod, nowMs);
  }

  /** What happened to which pod, if anything did. */
  disturb(nowMs: number): { readonly deleted: PodView } | undefined {
    const { api } = this.#cluster;
    const pod = this.anyPod(() => true);
    if (pod === undefined) return undefined;
    const dice = this.#random.next();
    if (dice < 0.4) {
      api.remove(pod.name, nowMs);
      return { deleted: pod };
    }
    if (dice < 0.6) this.#loseOneNomination(nowMs);
    else if (dice < 0.8) this.#liftOneGate(nowMs);
    else api.write(pod, nowMs);
    return undefined;
  }

  anyPod(isMeant: (pod: PodView) => boolean): PodView | undefined {
    const pods = [...this.#cluster.api.pods.values()].filter(isMeant);
    return pods[this.#random.integer(pods.length)];
  }

  // As `berth ungate` does.
  #liftOneGate(nowMs: number): void {
    const pod = this.anyPod(({ placing }) => placing?.gateIndex !== undefined);
    if (pod?.placing !== undefined)
      this.#cluster.api.write(withoutGate({ ...pod, placing: pod.placing }), nowMs);
  }

  #loseOneNomination(nowMs: number): void {
    const pod = this.anyPod(({ nominatedNode }) => nominatedNode !== undefined);
    if (pod !== undefined) this.#cluster.api.loseNomination(pod, nowMs);
  }
}
