// Sizes the pods of a DaemonSet of which nothing is known but its usage: what a node's workloads let expect, learned over
// all nodes, times what this node was seen to use of that. A node's first pods are expected from the other nodes'
// experience, and its own peaks correct what is expected.

import type { NodeName } from "#model/brand.ts";
import { ceilResources, type Resources } from "#model/resources.ts";
import { HeldBack, isHeldBack } from "./held-back.ts";
import { DEFAULT_DEMAND, type DemandOptions, NodeDemand, type SavedDemand } from "./node-demand.ts";
import type { RestoreOutcome } from "./restore-outcome.ts";
import { type SavedTotals, TotalsLearner, type Workloads } from "./totals-learner.ts";
import { readingFault, type ReadingFault, type UsageReading } from "./usage-reading.ts";

export interface DaemonNode {
  readonly name: NodeName;
  readonly allocatable: Resources;
  readonly workloads: Workloads;
}

export interface DaemonReading extends UsageReading {
  readonly limit?: Partial<Resources>;
}

/** What outlives a restart of a node; what was expected of it follows. */
export interface SavedDaemonNode {
  readonly demand: SavedDemand;
  readonly lastMs: number;
  readonly workloads: readonly (readonly [workload: string, pods: number])[];
}

interface KnownNode {
  readonly demand: NodeDemand;
  readonly heldBack: HeldBack;
  readonly lastMs: number;
  /** At the last reading, and what was expected of them then. */
  readonly workloads: Workloads;
  readonly expected: Resources;
}

/** Fewer readings, of all nodes together, are not enough to move a node without a history of its own. */
const READINGS_MIN = 30;
/** On top of what is expected, while a node has no history of its own. */
const UNKNOWN_NODE_MARGIN = 1.25;

export class DaemonModel {
  readonly #template: Resources;
  #learner: TotalsLearner;
  readonly #nodes = new Map<NodeName, KnownNode>();

  readonly #options: DemandOptions;

  constructor(template: Resources, options: DemandOptions = DEFAULT_DEMAND) {
    this.#options = options;
    this.#template = template;
    this.#learner = new TotalsLearner(template);
  }

  /** @returns why the reading was left out, or undefined if it was taken. */
  observe(node: DaemonNode, reading: DaemonReading, nowMs: number): ReadingFault | undefined {
    const { used, timeMs, limit = {} } = reading;
    const known = this.#nodes.get(node.name);
    const { allocatable } = node;
    const fault = readingFault(reading, { nowMs, lastMs: known?.lastMs, allocatable });
    if (fault !== undefined) return fault;
    const isThrottled = isHeldBack(used.cpuMilli, limit.cpuMilli);
    this.#learner.add({ workloads: node.workloads, used, timeMs, isThrottled });
    if (known !== undefined) this.#followLearning(known);
    const expected = this.#learner.predict(node.workloads);
    const demand = known?.demand ?? new NodeDemand(this.#options);
    const heldBack = known?.heldBack ?? new HeldBack();
    // The census goes on counting.
    const workloads = new Map(node.workloads);
    this.#nodes.set(node.name, { demand, heldBack, lastMs: timeMs, workloads, expected });
    const cpuMilli = used.cpuMilli * heldBack.wantedRatio(used.cpuMilli, limit.cpuMilli);
    demand.add(
      {
        cpu: cpuMilli / Math.max(1, expected.cpuMilli),
        memory: used.memoryBytes / Math.max(1, expected.memoryBytes),
      },
      timeMs,
    );
    return undefined;
  }

  /** What the node's pod needs now; undefined while too little is known to say. */
  requiredNow(
    { name, workloads }: Pick<DaemonNode, "name" | "workloads">,
    nowMs: number,
  ): Resources | undefined {
    const demand = this.#nodes.get(name)?.demand;
    const hasHistory = demand?.hasHistory === true;
    if (!hasHistory && this.#learner.readings < READINGS_MIN) return undefined;
    const { cpuMilli, memoryBytes } = this.#learner.predict(workloads);
    const now = demand?.now(nowMs);
    const least = hasHistory ? 0 : UNKNOWN_NODE_MARGIN;
    const share = { cpu: Math.max(least, now?.cpu ?? 0), memory: Math.max(least, now?.memory ?? 0) };
    if (share.cpu === 0 || share.memory === 0) return undefined;
    return ceilResources({ cpuMilli: share.cpu * cpuMilli, memoryBytes: share.memory * memoryBytes });
  }

  saved(): SavedTotals {
    return this.#learner.saved();
  }

  *savedNodes(): Iterable<readonly [NodeName, SavedDaemonNode]> {
    for (const [name, { demand, lastMs, workloads }] of this.#nodes)
      yield [name, { demand: demand.saved(), lastMs, workloads: [...workloads] }];
  }

  /** Goes on from what was saved of all nodes together. */
  restore(saved: SavedTotals): RestoreOutcome {
    if (this.#learner.readings > saved.readings) return "older";
    const learner = new TotalsLearner(this.#template);
    if (!learner.restore(saved)) return "refused";
    this.#learner = learner;
    return "restored";
  }

  /** The same of one node, once what is known of all is restored. */
  restoreNode(name: NodeName, { demand, lastMs, workloads }: SavedDaemonNode): RestoreOutcome {
    const restored = NodeDemand.restored(demand, this.#options);
    if (restored === undefined) return "refused";
    if (lastMs < (this.#nodes.get(name)?.lastMs ?? -Infinity)) return "older";
    const counted = new Map(workloads);
    const expected = this.#learner.predict(counted);
    const heldBack = new HeldBack();
    this.#nodes.set(name, { demand: restored, heldBack, lastMs, workloads: counted, expected });
    return "restored";
  }

  // What was seen is a share of another expectation once more is known of the same workloads; else what the node used
  // would be multiplied by what was learned from it.
  #followLearning({ demand, workloads, expected: before }: KnownNode): void {
    const after = this.#learner.predict(workloads);
    const factor = (resource: keyof Resources): number =>
      Math.max(1, before[resource]) / Math.max(1, after[resource]);
    demand.rescale({ cpu: factor("cpuMilli"), memory: factor("memoryBytes") });
  }

  forgetNode(name: NodeName): void {
    this.#nodes.delete(name);
  }
}
