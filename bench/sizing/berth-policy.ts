// Berth's own sizing through the functions that production runs: the model's sum of what is on the node, what the sizing model
// has learned of nodes and apps, and the planner with its states.

import type { AppName, NodeName } from "#model/brand.ts";
import { type Correction, NO_CORRECTION } from "#model/correction.ts";
import { modelCost, type UnitCost, unitCost } from "#model/mesh-cost.ts";
import { type AppCost, DEFAULT_APP_COST } from "#model/mesh-profile.ts";
import type { Resources } from "#model/resources.ts";
import { isWorthPublishing } from "#vpa-recommender/policy/correction-change.ts";
import type { InstanceUsage } from "#vpa-recommender/policy/instance-learner.ts";
import { DEFAULT_PLANNER_OPTIONS, targetSize } from "#vpa-recommender/policy/resize-planner.ts";
import { SizingModel } from "#vpa-recommender/policy/sizing-model.ts";
import { PlannedSize } from "./planned-size.ts";
import type { InstanceObservation, NodeObservation, NodeOccasion, SizingPolicy } from "./sizing-policy.ts";

export interface BerthPolicyOptions {
  /** What the DaemonSet says the proxy costs without apps. */
  readonly proxyBase: Resources;
  readonly allocatable: Resources;
  /** What profiles say; an app without one has the default. */
  readonly profiles: ReadonlyMap<string, AppCost>;
}

interface NodeMemory {
  readonly name: NodeName;
  readonly size: PlannedSize;
  /** What is published on the proxy's pod. */
  correction: Correction;
  /** The pods of each app, as text, and since when they are so. */
  pods: string;
  changedAtMs: number;
}

/** As in the usage loop: usage so soon after pods came or went does not show them yet. */
const WARM_UP_MS = 60_000;

export class BerthPolicy implements SizingPolicy {
  readonly name = "berth";
  readonly #options: BerthPolicyOptions;
  readonly #model = new SizingModel();
  readonly #costs = new Map<string, UnitCost>();
  readonly #nodes = new Map<number, NodeMemory>();
  #refreshedMs = 0;

  constructor(options: BerthPolicyOptions) {
    this.#options = options;
  }

  decide({ node, timeMs, pods, ceiling }: NodeOccasion): Resources {
    const memory = this.#memoryOf(node, pods, timeMs);
    const present = JSON.stringify([...pods]);
    if (present !== memory.pods) Object.assign(memory, { pods: present, changedAtMs: timeMs });
    const required = this.#model.requiredNow(this.#account(memory, pods), timeMs);
    return memory.size.plan({ required, ceiling, nowMs: timeMs, options: DEFAULT_PLANNER_OPTIONS });
  }

  observe({ node, timeMs, pods, used, instances }: NodeObservation): void {
    const memory = this.#memoryOf(node, pods, timeMs);
    if (timeMs - memory.changedAtMs < WARM_UP_MS) return;
    const { cpuMilli, memoryBytes } = memory.size.present;
    const reading = {
      used,
      timeMs,
      limit: { cpuMilli, memoryBytes },
      instances: new Map(instances.map((one) => [one.app as AppName, usageOf(one)])),
    };
    const priorOf = (app: AppName): AppCost => this.#options.profiles.get(app) ?? DEFAULT_APP_COST;
    this.#model.observe(this.#account(memory, pods), reading, { nowMs: timeMs, priorOf });
    if (timeMs !== this.#refreshedMs) this.#model.refreshFleet(timeMs);
    this.#refreshedMs = timeMs;
    const estimate = this.#model.correctionOf(memory.name, timeMs);
    if (estimate !== undefined && isWorthPublishing(memory.correction, estimate))
      memory.correction = estimate;
  }

  #account({ name, correction }: NodeMemory, pods: ReadonlyMap<string, number>): Account {
    const { proxyBase, allocatable } = this.#options;
    return {
      name,
      correction,
      allocatable,
      proxyBase,
      modelCost: modelCost([...pods].map(([app, count]) => [this.#costOf(app), count] as const)),
    };
  }

  #memoryOf(node: number, pods: ReadonlyMap<string, number>, timeMs: number): NodeMemory {
    const known = this.#nodes.get(node);
    if (known !== undefined) return known;
    const name = `node-${node}` as NodeName;
    const fresh = { name, correction: NO_CORRECTION, pods: "", changedAtMs: timeMs };
    const account = this.#account({ ...fresh, size: new PlannedSize(this.#options.proxyBase) }, pods);
    const required = this.#model.requiredNow(account, timeMs);
    const memory = { ...fresh, size: new PlannedSize(targetSize(required, DEFAULT_PLANNER_OPTIONS)) };
    this.#nodes.set(node, memory);
    return memory;
  }

  #costOf(app: string): UnitCost {
    const known = this.#costs.get(app);
    if (known !== undefined) return known;
    const cost = unitCost(this.#options.profiles.get(app) ?? DEFAULT_APP_COST);
    this.#costs.set(app, cost);
    return cost;
  }
}

interface Account {
  readonly name: NodeName;
  readonly correction: Correction;
  readonly allocatable: Resources;
  readonly proxyBase: Resources;
  readonly modelCost: Resources;
}

function usageOf({
  pods,
  connections,
  perSecond,
  cpuMilli,
  memoryBytes,
}: InstanceObservation): InstanceUsage {
  return {
    pods,
    connections,
    kiloRps: perSecond / 1000,
    used: { cpuMilli, memoryBytes },
    isThrottled: false,
  };
}
