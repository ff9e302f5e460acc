// Berth's own sizing through the functions that production runs: the model's sum of what is on the node, what the sizing model
// has learned of nodes and apps, the costs that are worth writing into profiles, and the planner with its states.

import type { AppName, NodeName } from "#model/brand.ts";
import { type Correction, NO_CORRECTION } from "#model/correction.ts";
import { chargedCost, modelCost, required, type UnitCost, unitCost } from "#model/mesh-cost.ts";
import { type AppCost, defaultProfile, type MeshProfile } from "#model/mesh-profile.ts";
import { addResources, type Resources } from "#model/resources.ts";
import { isWorthPublishing } from "#vpa-recommender/policy/correction-change.ts";
import { isWorthLearning } from "#vpa-recommender/policy/cost-publication.ts";
import type { InstanceUsage } from "#vpa-recommender/policy/instance-learner.ts";
import { DEFAULT_PLANNER_OPTIONS, targetSize } from "#vpa-recommender/policy/resize-planner.ts";
import { SizingModel } from "#vpa-recommender/policy/sizing-model.ts";
import { PlannedSize } from "./planned-size.ts";
import type { InstanceObservation, NodeObservation, NodeOccasion, SizingPolicy } from "./sizing-policy.ts";

/** By app; undefined for one without a profile. */
export interface ProfileCosts {
  get(app: string): AppCost | undefined;
}

export interface BerthPolicyOptions {
  /** What the DaemonSet says the proxy costs without apps. */
  readonly proxyBase: Resources;
  readonly allocatable: Resources;
  /** What profiles say; an app without one has the default. */
  readonly profiles: ProfileCosts;
}

interface NodeMemory {
  readonly name: NodeName;
  readonly size: PlannedSize;
  /** What is published on the proxy's pod. */
  correction: Correction;
  pods: ReadonlyMap<string, number>;
  /** Since when they are so. */
  changedAtMs: number;
}

interface AppMemory {
  profile: MeshProfile;
  charged: UnitCost;
  learnedAtMs: number | undefined;
}

/** As in the usage loop: usage so soon after pods came or went does not show them yet. */
const WARM_UP_MS = 60_000;

export class BerthPolicy implements SizingPolicy {
  readonly name = "berth";
  readonly #options: BerthPolicyOptions;
  readonly #model = new SizingModel();
  readonly #apps = new Map<string, AppMemory>();
  readonly #nodes = new Map<number, NodeMemory>();
  #refreshedMs = 0;

  constructor(options: BerthPolicyOptions) {
    this.#options = options;
  }

  decide({ node, timeMs, pods, ceiling }: NodeOccasion): Resources {
    const memory = this.#memoryOf(node, pods, timeMs);
    if (!isSame(memory.pods, pods)) Object.assign(memory, { pods, changedAtMs: timeMs });
    const account = this.#account(memory);
    return memory.size.plan({
      required: this.#model.requiredNow(account, timeMs),
      ahead: this.#model.requiredAhead(account, timeMs),
      planned: addResources(account.proxyBase, account.modelCost),
      reserved: required(account),
      ceiling,
      nowMs: timeMs,
      options: DEFAULT_PLANNER_OPTIONS,
    });
  }

  observe({ node, timeMs, pods, used, instances }: NodeObservation): void {
    const memory = this.#memoryOf(node, pods, timeMs);
    if (timeMs - memory.changedAtMs < WARM_UP_MS) return;
    const reading = {
      used,
      timeMs,
      limit: memory.size.present,
      instances: new Map(instances.map((one) => [one.app as AppName, usageOf(one)])),
    };
    const priorOf = (app: AppName): AppCost => this.#app(app).profile.cost;
    this.#model.observe(this.#account(memory), reading, { nowMs: timeMs, priorOf });
    this.#refresh(timeMs);
    const estimate = this.#model.correctionOf(memory.name, timeMs);
    if (estimate !== undefined && isWorthPublishing(memory.correction, estimate))
      memory.correction = estimate;
  }

  #refresh(nowMs: number): void {
    if (nowMs === this.#refreshedMs) return;
    this.#refreshedMs = nowMs;
    this.#model.refreshFleet(nowMs);
    for (const app of this.#model.apps()) {
      const learned = this.#model.learnedOf(app);
      const memory = this.#app(app);
      const { profile, learnedAtMs: lastMs } = memory;
      if (learned === undefined || !isWorthLearning({ profile, learned, lastMs, nowMs })) continue;
      const before = memory.charged;
      memory.profile = { ...profile, learned };
      memory.charged = unitCost(chargedCost(memory.profile));
      memory.learnedAtMs = nowMs;
      for (const node of this.#nodes.values()) {
        const pods = node.pods.get(app) ?? 0;
        if (pods > 0) this.#model.recost(this.#account(node), { before, after: memory.charged, pods });
      }
    }
  }

  #account({ name, correction, pods }: Omit<NodeMemory, "size">): Account {
    const { proxyBase, allocatable } = this.#options;
    const costs = [...pods].map(([app, count]) => [this.#app(app).charged, count] as const);
    const appPods = pods as ReadonlyMap<AppName, number>;
    return { name, correction, allocatable, proxyBase, modelCost: modelCost(costs), appPods };
  }

  #memoryOf(node: number, pods: ReadonlyMap<string, number>, timeMs: number): NodeMemory {
    const known = this.#nodes.get(node);
    if (known !== undefined) return known;
    const fresh = {
      name: `node-${node}` as NodeName,
      correction: NO_CORRECTION,
      pods,
      changedAtMs: timeMs,
    };
    const first = targetSize(this.#model.requiredNow(this.#account(fresh), timeMs), DEFAULT_PLANNER_OPTIONS);
    const memory = { ...fresh, size: new PlannedSize(first) };
    this.#nodes.set(node, memory);
    return memory;
  }

  #app(app: string): AppMemory {
    const known = this.#apps.get(app);
    if (known !== undefined) return known;
    const unprofiled = defaultProfile(app as AppName);
    const profile = { ...unprofiled, cost: this.#options.profiles.get(app) ?? unprofiled.cost };
    const memory = { profile, charged: unitCost(chargedCost(profile)), learnedAtMs: undefined };
    this.#apps.set(app, memory);
    return memory;
  }
}

interface Account {
  readonly name: NodeName;
  readonly correction: Correction;
  readonly allocatable: Resources;
  readonly proxyBase: Resources;
  readonly modelCost: Resources;
  readonly appPods: ReadonlyMap<AppName, number>;
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

function isSame(a: ReadonlyMap<string, number>, b: ReadonlyMap<string, number>): boolean {
  return a.size === b.size && [...a].every(([app, pods]) => b.get(app) === pods);
}
