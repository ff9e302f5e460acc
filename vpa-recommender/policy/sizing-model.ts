// What the recommender has learned: for each node how much of the model's sum its proxy needs (node-demand.ts), and for
// each app what its instances cost on all nodes: from instances that were told apart (instance-learner.ts), else from the
// nodes' totals with the pods of each app as regressors (totals-learner.ts). Readings in; corrections, sizes and costs out.
// It holds no clock: every question comes with its time.
//
//   required now(n) = proxyBase + demand(n, now) · modelCost(n)        what the proxy is sized by, headroom added later
//   correction(n)   = the lasting demand, published for placement      never below the demand of now
//
// A node without readings of its own is taken at the fleet's word, so a new node is sized by what the others saw.

import type { AppName, NodeName } from "#model/brand.ts";
import { boundCorrection, type Correction } from "#model/correction.ts";
import { CONFIDENCE_MIN, required, type UnitCost } from "#model/mesh-cost.ts";
import type { AppCost, LearnedCost } from "#model/mesh-profile.ts";
import type { NodeAccount } from "#model/node-ledger.ts";
import type { Resources } from "#model/resources.ts";
import { costFromTotals, totalsPrior } from "./cost-from-totals.ts";
import { HeldBack, isHeldBack } from "./held-back.ts";
import { InstanceLearner, type InstanceUsage, type SavedLearner } from "./instance-learner.ts";
import { DEFAULT_DEMAND, type DemandOptions, NodeDemand, type SavedDemand } from "./node-demand.ts";
import { PeakPool, type SavedPeaks } from "./peak-pool.ts";
import type { RestoreOutcome } from "./restore-outcome.ts";
import { type SavedTotals, TotalsLearner } from "./totals-learner.ts";
import { readingFault, type ReadingFault, type UsageReading } from "./usage-reading.ts";

/** What a reading is held against: the node as it was when the reading was taken. */
export type MeasuredNode = Pick<NodeAccount, "name" | "allocatable" | "proxyBase" | "modelCost" | "appPods">;

export interface NodeReading extends UsageReading {
  /** What the proxy was held to; a resource without a limit is left out. */
  readonly limit?: Partial<Resources>;
  /** By app, where the proxy tells its instances apart. */
  readonly instances?: ReadonlyMap<AppName, InstanceUsage>;
}

/** What a reading is taken with. */
export interface ObservationContext {
  readonly nowMs: number;
  /** The costs that an app's profile gives. */
  readonly priorOf: (app: AppName) => AppCost;
  /** CPU that an app may use on a node however large the proxy is; undefined for any. */
  readonly cpuMilliMaxOf?: (app: AppName) => number | undefined;
}

export interface LearnedApp extends LearnedCost {
  readonly samples: number;
  /** Instances that proxies told apart, or nodes' totals over which the apps' parts were spread. */
  readonly from: "instances" | "totals";
}

/** What outlives a restart of a node. */
export interface SavedNode {
  readonly demand: SavedDemand;
  readonly peaks?: SavedPeaks | undefined;
  readonly lastMs: number;
}

/** An app's CPU this close to its quota is held back by that. */
const AT_QUOTA_SHARE = 0.95;
/** Asked for on top of what an app used that the proxy held back; again at the next reading, until it is not. */
const HELD_BACK_APP_GROWTH = 1.5;
/** Fewer nodes say nothing about the fleet. */
const FLEET_NODES_MIN = 3;
/** A new node is taken for one of the busier ones. */
const FLEET_PERCENTILE = 0.75;

export class SizingModel {
  readonly #options: DemandOptions;
  readonly #demands = new Map<NodeName, KnownNode>();
  readonly #learners = new Map<AppName, InstanceLearner>();
  /** Of nodes that do not tell their instances apart, and the profiles that their apps' costs lean on. */
  #totals: TotalsLearner | undefined;
  /** What was saved of them, until the first reading. */
  #totalsBefore: SavedTotals | undefined;
  readonly #profiles = new Map<AppName, AppCost>();
  #fleet: Correction | undefined;

  constructor(options: DemandOptions = DEFAULT_DEMAND) {
    this.#options = options;
  }

  /**
   * Takes a reading of one node's proxy.
   *
   * @returns why the reading was left out, or undefined if it was taken.
   */
  observe(
    node: MeasuredNode,
    reading: NodeReading,
    { nowMs, priorOf, cpuMilliMaxOf = () => undefined }: ObservationContext,
  ): ReadingFault | undefined {
    const known = this.#demands.get(node.name);
    const { allocatable } = node;
    const fault = readingFault(reading, { nowMs, lastMs: known?.lastMs, allocatable });
    if (fault !== undefined) return fault;
    for (const [app, usage] of reading.instances ?? [])
      this.#learnerOf(app, priorOf(app)).add(usage, reading.timeMs);
    const { timeMs, instances } = reading;
    if (instances === undefined) this.#learnFromTotal(node, reading, priorOf);
    const entry = known ?? knownNode(new NodeDemand(this.#options), timeMs);
    entry.lastMs = timeMs;
    if (instances !== undefined) (entry.pool ??= new PeakPool()).add(instances, timeMs);
    this.#demands.set(node.name, entry);
    // A proxy without instances says nothing about apps.
    const share = shareOf(node, wantedOf(node, entry, { reading, cpuMilliMaxOf }));
    if (share !== undefined) entry.demand.add(share, reading.timeMs);
    return undefined;
  }

  /** Has what all nodes need by now stand for nodes without readings; once an interval. */
  refreshFleet(nowMs: number): void {
    const shares = [...this.#demands.values()].flatMap(({ demand }) => demand.lasting(nowMs) ?? []);
    if (shares.length < FLEET_NODES_MIN) return;
    const percentile = (resource: keyof Correction): number => {
      const sorted = shares.map((share) => share[resource]).sort((a, b) => a - b);
      return sorted[Math.floor(FLEET_PERCENTILE * (sorted.length - 1))] ?? 1;
    };
    this.#fleet = boundCorrection({ cpu: percentile("cpu"), memory: percentile("memory") });
  }

  /** What the proxy needs at this time for what is on its node; by the published correction where nothing is known. */
  requiredNow(
    node: Pick<NodeAccount, "name" | "proxyBase" | "modelCost" | "correction">,
    nowMs: number,
  ): Resources {
    const { proxyBase, modelCost } = node;
    return required({ proxyBase, modelCost, correction: this.demandNow(node, nowMs) });
  }

  /** What it is about to need; never less than now. */
  requiredAhead(
    node: Pick<NodeAccount, "name" | "proxyBase" | "modelCost" | "correction">,
    nowMs: number,
  ): Resources {
    const { proxyBase, modelCost, name } = node;
    const now = this.demandNow(node, nowMs);
    const ahead = this.#demands.get(name)?.demand.ahead(nowMs) ?? now;
    const correction = { cpu: Math.max(now.cpu, ahead.cpu), memory: Math.max(now.memory, ahead.memory) };
    return required({ proxyBase, modelCost, correction });
  }

  /**
   * The share of the model's sum that the node's proxy is sized by. With little history a proxy grows by what is seen,
   * and does not shrink by it.
   */
  demandNow({ name, correction }: Pick<NodeAccount, "name" | "correction">, nowMs: number): Correction {
    const demand = this.#demands.get(name)?.demand;
    const now = demand?.now(nowMs);
    if (demand === undefined || now === undefined) return correction;
    if (demand.hasHistory) return now;
    return { cpu: Math.max(now.cpu, correction.cpu), memory: Math.max(now.memory, correction.memory) };
  }

  /** The correction to publish; undefined while nothing is known, and what was published stays valid. */
  correctionOf(name: NodeName, nowMs: number): Correction | undefined {
    const demand = this.#demands.get(name)?.demand;
    return demand?.hasHistory === true ? demand.lasting(nowMs) : this.#fleet;
  }

  /** Costs of the app as its instances were seen; undefined if none were. */
  learnedOf(app: AppName): LearnedApp | undefined {
    const learner = this.#learners.get(app);
    const own = learner && {
      cost: learner.costs(),
      confidence: learner.confidence(),
      samples: learner.samples,
      from: "instances" as const,
    };
    if (own !== undefined && own.confidence >= CONFIDENCE_MIN) return own;
    const fromTotals = this.#learnedFromTotals(app);
    return (fromTotals?.confidence ?? 0) > (own?.confidence ?? 0) ? fromTotals : (own ?? fromTotals);
  }

  *savedNodes(): Iterable<readonly [NodeName, SavedNode]> {
    for (const [name, { demand, pool, lastMs }] of this.#demands)
      yield [name, { demand: demand.saved(), peaks: pool?.savedPeaks(), lastMs }];
  }

  *savedApps(): Iterable<readonly [AppName, SavedLearner]> {
    for (const [app, learner] of this.#learners) yield [app, learner.saved()];
  }

  /** What nodes' totals taught of all apps together; undefined if they taught nothing. */
  savedTotals(): SavedTotals | undefined {
    return this.#totals?.saved() ?? this.#totalsBefore;
  }

  /** Goes on from that, unless there are newer readings already. */
  restoreTotals(saved: SavedTotals): RestoreOutcome {
    if (this.#totals !== undefined) return "older";
    this.#totalsBefore = saved;
    return "restored";
  }

  /** Goes on from what was saved of a node. */
  restoreNode(name: NodeName, { demand, peaks, lastMs }: SavedNode): RestoreOutcome {
    const restored = NodeDemand.restored(demand, this.#options);
    if (restored === undefined) return "refused";
    if (lastMs < (this.#demands.get(name)?.lastMs ?? -Infinity)) return "older";
    this.#demands.set(name, { ...knownNode(restored, lastMs), pool: peaks && PeakPool.restored(peaks) });
    return "restored";
  }

  /** The same of an app; where the data say nothing, its prior of today counts. */
  restoreApp(app: AppName, saved: SavedLearner, prior: AppCost): RestoreOutcome {
    if (saved.lastMs < (this.#learners.get(app)?.lastMs ?? -Infinity)) return "older";
    const learner = new InstanceLearner(prior);
    if (!learner.restore(saved)) return "refused";
    this.#learners.set(app, learner);
    return "restored";
  }

  /** Those of which anything was learned. */
  apps(): ReadonlySet<AppName> {
    return new Set([...this.#learners.keys(), ...((this.#totals?.workloads() ?? []) as Iterable<AppName>)]);
  }

  /**
   * The app's costs changed on a node with so many of its pods: what was seen there is a share of another sum now.
   * Without this a cost that was learned would be counted twice, in the model and in the correction.
   */
  recost(
    { name, modelCost }: Pick<NodeAccount, "name" | "modelCost">,
    { before, after, pods }: { readonly before: UnitCost; readonly after: UnitCost; readonly pods: number },
  ): void {
    const factor = (resource: keyof Resources): number => {
      const [was, is] = [before, after].map((cost) => cost.base[resource] + pods * cost.perPod[resource]);
      const now = modelCost[resource];
      return now <= 0 ? 1 : Math.max(0, now - (is ?? 0) + (was ?? 0)) / now;
    };
    this.#demands.get(name)?.demand.rescale({ cpu: factor("cpuMilli"), memory: factor("memoryBytes") });
  }

  /** What it saves that peaks of the node's apps do not coincide; undefined if they are not told apart. */
  pooledOf(name: NodeName): Resources | undefined {
    return this.#demands.get(name)?.pool?.saved();
  }

  forgetNode(name: NodeName): void {
    this.#demands.delete(name);
  }

  #learnFromTotal(
    { appPods, proxyBase }: MeasuredNode,
    { used, timeMs, limit = {} }: NodeReading,
    priorOf: (app: AppName) => AppCost,
  ): void {
    this.#totals ??= this.#newTotals(proxyBase);
    const isThrottled = isHeldBack(used.cpuMilli, limit.cpuMilli);
    this.#totals.add({ workloads: appPods, used, timeMs, isThrottled }, totalsPrior(priorOf));
    for (const app of appPods.keys()) this.#profiles.set(app, priorOf(app));
  }

  // Its prior is a proxy's base, which is known once one was seen.
  #newTotals(proxyBase: Resources): TotalsLearner {
    const totals = new TotalsLearner(proxyBase);
    const isRestored = this.#totalsBefore !== undefined && totals.restore(this.#totalsBefore);
    return isRestored ? totals : new TotalsLearner(proxyBase);
  }

  #learnedFromTotals(app: AppName): LearnedApp | undefined {
    const learned = this.#totals?.learned(app);
    const profile = this.#profiles.get(app);
    if (learned === undefined || profile === undefined) return undefined;
    const { confidence, readings } = learned;
    return { cost: costFromTotals(profile, learned), confidence, samples: readings, from: "totals" };
  }

  #learnerOf(app: AppName, prior: AppCost): InstanceLearner {
    let learner = this.#learners.get(app);
    if (learner === undefined) {
      learner = new InstanceLearner(prior);
      this.#learners.set(app, learner);
    }
    return learner;
  }
}

interface KnownNode {
  readonly demand: NodeDemand;
  readonly heldBack: HeldBack;
  pool: PeakPool | undefined;
  lastMs: number;
}

function knownNode(demand: NodeDemand, lastMs: number): KnownNode {
  return { demand, heldBack: new HeldBack(), pool: undefined, lastMs };
}

interface HeldReading {
  readonly reading: NodeReading;
  readonly cpuMilliMaxOf: (app: AppName) => number | undefined;
}

function wantedOf(
  { proxyBase }: MeasuredNode,
  { heldBack }: KnownNode,
  { reading, cpuMilliMaxOf }: HeldReading,
): Resources {
  const { used, limit = {} } = reading;
  const ratio = heldBack.wantedRatio(used.cpuMilli, limit.cpuMilli);
  const ofApps = proxyBase.cpuMilli + heldBackApps(reading, cpuMilliMaxOf);
  return { ...used, cpuMilli: Math.max(ratio * used.cpuMilli, ofApps) };
}

function shareOf({ proxyBase, modelCost }: MeasuredNode, wanted: Resources): Correction | undefined {
  if (modelCost.cpuMilli <= 0 || modelCost.memoryBytes <= 0) return undefined;
  return {
    cpu: Math.max(0, wanted.cpuMilli - proxyBase.cpuMilli) / modelCost.cpuMilli,
    memory: Math.max(0, wanted.memoryBytes - proxyBase.memoryBytes) / modelCost.memoryBytes,
  };
}

// What the apps call for together where some of them are held back by their share of a proxy that is too small: all they
// have is its size less its base, whether the base is used or not. An app at its own quota uses no more in a larger proxy.
function heldBackApps(
  { instances = new Map<AppName, InstanceUsage>() }: NodeReading,
  cpuMilliMaxOf: (app: AppName) => number | undefined,
): number {
  let [sum, isAnyHeldBack] = [0, false];
  for (const [app, { isThrottled, used }] of instances) {
    const isAtQuota = used.cpuMilli >= AT_QUOTA_SHARE * (cpuMilliMaxOf(app) ?? Infinity);
    const isShort = isThrottled && !isAtQuota;
    sum += used.cpuMilli * (isShort ? HELD_BACK_APP_GROWTH : 1);
    isAnyHeldBack ||= isShort;
  }
  return isAnyHeldBack ? sum : 0;
}
