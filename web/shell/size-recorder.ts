// Looks at every node's proxy every few seconds, so that a screen that is opened has a past to show. What a proxy has is
// what kube-scheduler counts for it, as the watches told it; nobody is asked.

import type { Cancel, Clock } from "#runtime/clock.ts";
import type { ClusterState } from "./cluster-state.ts";
import { SizeHistory } from "../policy/size-history.ts";
import type { NodeName } from "#model/brand.ts";
import { required } from "#model/mesh-cost.ts";

export interface SizeRecorderOptions {
  readonly cluster: Pick<ClusterState, "ledger" | "isListed">;
  /** The cluster's, in which moments are dated. */
  readonly clock: Clock;
  /** The machine's, by which it looks. */
  readonly machine: Clock;
}

const EVERY_MS = 5_000;

export class SizeRecorder {
  readonly history = new SizeHistory();
  readonly #options: SizeRecorderOptions;
  #cancel: Cancel = () => undefined;

  constructor(options: SizeRecorderOptions) {
    this.#options = options;
  }

  start(): void {
    this.look();
    this.#cancel = this.#options.machine.after(EVERY_MS, () => this.start());
  }

  stop(): void {
    this.#cancel();
  }

  look(): void {
    const { cluster, clock } = this.#options;
    if (!cluster.isListed) return;
    const atMs = Math.round(clock.nowMs());
    const { ledger } = cluster;
    this.history.keepOnly((name) => ledger.node(name as NodeName) !== undefined);
    for (const { name, counted, proxyBase, correction, modelCost, appPods } of ledger.nodes()) {
      if (counted === undefined) continue;
      const need = required({ proxyBase, correction, modelCost });
      let pods = 0;
      for (const count of appPods.values()) pods += count;
      this.history.note(name, {
        atMs,
        cpuMilliHas: counted.cpuMilli,
        cpuMilliRequired: need.cpuMilli,
        memoryBytesHas: counted.memoryBytes,
        memoryBytesRequired: need.memoryBytes,
        pods,
      });
    }
  }
}
