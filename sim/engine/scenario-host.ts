// What a scenario's events may do to a run.

import type { NodeName } from "#model/brand.ts";
import type { NodeLedger } from "#model/node-ledger.ts";
import type { Clock } from "#runtime/clock.ts";
import type { Random } from "../seeded-random.ts";
import type { Fleet } from "./fleet.ts";
import type { PodSlots } from "./pod-slots.ts";
import type { ReplayCluster } from "./replay-cluster.ts";
import type { ReplayPod } from "./replay-pod.ts";

export interface ScenarioHost {
  readonly cluster: ReplayCluster;
  readonly fleet: Fleet;
  readonly slots: PodSlots;
  readonly clock: Clock;
  readonly random: Random;
  /** Pods come together: each is placed, or waits. */
  arrive(pods: readonly ReplayPod[]): void;
  /** A pod that runs or waits goes. */
  remove(pod: ReplayPod): void;
}

/** The pods on a node besides its proxy. */
export function podsOn({ cluster, slots }: ScenarioHost, name: NodeName): readonly ReplayPod[] {
  const node: NodeLedger | undefined = cluster.ledger.node(name);
  return [...(node?.occupants.keys() ?? [])].flatMap((uid) => slots.byUid(uid) ?? []);
}
