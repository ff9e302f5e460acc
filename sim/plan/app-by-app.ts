// The order in which a plan places pods: apps at random, and an app's pods one after the other, as when workloads are
// restarted one by one to move them. Pods in an order without any rhyme would hold room for each other's siblings all over
// the cluster: a worse packing than anybody would have to accept, and minutes of work on 5,000 nodes.

import { type SeededRandom, shuffled } from "../seeded-random.ts";
import type { PlannedPod } from "./planned-cluster.ts";

/** Pods outside the mesh come by their controllers; those without one, each by itself. */
export function appByApp(pods: readonly PlannedPod[], random: SeededRandom): readonly PlannedPod[] {
  const groups = Map.groupBy(pods, ({ view }) => view.app ?? view.ownerUid ?? view.uid);
  return shuffled([...groups.values()], random).flat();
}
