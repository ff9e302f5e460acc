// Replays a trace against one placement policy on a virtual clock. The production policies decide; the cluster is a
// ledger, every binding and every resize succeeds at once, and nothing goes over a network. The same options give the
// same result.

import type { NodeName } from "#model/brand.ts";
import type { Resources } from "#model/resources.ts";
import { type Random, SeededRandom } from "../seeded-random.ts";
import type { TraceEvent } from "../traces/trace-events.ts";
import { traceEvents } from "../traces/trace-events.ts";
import type { TracePods } from "../traces/trace.ts";
import { appProfiles, type ProfileOptions } from "./app-profiles.ts";
import { VirtualClock } from "#runtime/virtual-clock.ts";
import { PodSlots } from "./pod-slots.ts";
import { orderedScenario, type ScenarioEvent } from "./scenario-event.ts";
import type { ScenarioHost } from "./scenario-host.ts";
import { ScenarioRun } from "./scenario-run.ts";
import { assert } from "#model/assert.ts";
import { Fleet, type FleetShape } from "./fleet.ts";
import { type LeastNeed, LeastNeedSums, nodesMin } from "./lower-bounds.ts";
import { LaggedView, type ViewHost } from "./lagged-view.ts";
import { OvercommitAudit } from "./overcommit-audit.ts";
import type { Placer, PlacementPolicy } from "./placement-policy.ts";
import { PendingTimes } from "./pending-times.ts";
import { ProxySizing } from "./proxy-sizing.ts";
import { type ClusterOptions, ReplayCluster } from "./replay-cluster.ts";
import type { ReplayPod } from "./replay-pod.ts";
import { ReplaySurvey } from "./replay-survey.ts";
import { ReplicaCounts } from "./replica-counts.ts";
import type { RunConditions } from "./run-conditions.ts";
import { RunExtras } from "./run-extras.ts";
import type { PodCounts, RunResult } from "./run-result.ts";
import { RunSeries } from "./run-series.ts";
import { RunTotals, type Totals } from "./run-totals.ts";
import { WaitingPods } from "./waiting-pods.ts";

export interface ReplayOptions {
  readonly pods: TracePods;
  readonly policy: PlacementPolicy;
  readonly fleet: FleetShape;
  /** For ties that the policy leaves open. */
  readonly seed: number;
  readonly profiles?: ProfileOptions;
  /** What a node proxy costs without any instance. */
  readonly proxyBase?: Resources;
  /** Pods that a node's kubelet takes, the proxy's own included; kubelet's default if absent. */
  readonly podsPerNodeMax?: number;
  /** Called after every event, for those who check what must always hold. */
  readonly afterEvent?: (run: Replay) => void;
  /** What happens beside the trace. */
  readonly events?: readonly ScenarioEvent[];
  /** What does not succeed at once; everything does by default. */
  readonly conditions?: RunConditions;
  /** Look at the cluster when most of the trace's pods are there. */
  readonly isSurveyed?: boolean;
}

/** A process with no app in it, as planned for in the shipped DaemonSet: an assumption until it is measured. */
export const DEFAULT_PROXY_BASE: Resources = { cpuMilli: 100, memoryBytes: 128 * 1024 ** 2 };

/** kubelet's default for maxPods. */
const PODS_PER_NODE_MAX = 110;

export function replay(options: ReplayOptions): RunResult {
  const run = new Replay(options);
  for (const events of bySecond(traceEvents(options.pods))) run.second(events);
  run.finish();
  return run.result();
}

export class Replay {
  readonly cluster: ReplayCluster;
  readonly #options: ReplayOptions;
  readonly #clock: VirtualClock;
  readonly #placer: Placer;
  readonly #random: Random;
  readonly #fleet: Fleet;
  readonly #waiting = new WaitingPods();
  readonly #replicas: ReplicaCounts;
  readonly #totals: RunTotals;
  readonly #series = new RunSeries();
  readonly #audit: OvercommitAudit;
  readonly #sizing: ProxySizing;
  readonly #least: LeastNeedSums;
  readonly #lastArrivalSeconds: number;
  readonly #counts = { arrived: 0, placed: 0, departed: 0, departedWaiting: 0, waitingMax: 0, events: 0 };
  readonly #slots: PodSlots;
  readonly #pending = new PendingTimes();
  readonly #extras: RunExtras;
  readonly #view: LaggedView | undefined;
  readonly #scenario: ScenarioRun | undefined;
  readonly #survey: ReplaySurvey | undefined;
  #peak: Moment | undefined;
  #average: Totals | undefined;
  #instancesMinAverage: number | undefined;

  constructor(options: ReplayOptions) {
    const { pods, policy, fleet, seed, proxyBase = DEFAULT_PROXY_BASE } = options;
    const { mesh } = policy;
    const { podsPerNodeMax = PODS_PER_NODE_MAX } = options;
    this.#options = options;
    let firstSeconds = Infinity;
    let lastSeconds = -Infinity;
    for (const { createSeconds } of pods) {
      firstSeconds = Math.min(firstSeconds, createSeconds);
      lastSeconds = Math.max(lastSeconds, createSeconds);
    }
    this.#lastArrivalSeconds = lastSeconds;
    const clock = new VirtualClock(pods.length === 0 ? 0 : firstSeconds * 1000);
    const profiles = appProfiles(pods, options.profiles ?? {});
    const proxy = { base: proxyBase, template: ProxySizing.template(proxyBase) };
    const like = { mesh, proxy, profiles };
    const cluster = new ReplayCluster(like);
    const random = new SeededRandom(seed);
    this.#clock = clock;
    this.cluster = cluster;
    const { events = [] } = options;
    const apps = events.flatMap((event) => ("app" in event ? event.app : []));
    this.#slots = new PodSlots(mesh, { apps, pods, hasEvents: events.length > 0 }, cluster);
    this.#random = () => random.next();
    this.#view = this.#laggedView(like, podsPerNodeMax);
    const seen = this.#view?.seen ?? cluster;
    this.#placer = policy.start({ cluster: seen, clock, random: this.#random, podsPerNodeMax });
    this.#view?.serve(this.#placer);
    this.#fleet = new Fleet(fleet, { cluster, clock, podsPerNodeMax });
    this.#replicas = new ReplicaCounts(seen.ledger);
    this.#totals = new RunTotals(mesh, clock);
    this.#audit = new OvercommitAudit({ mesh, proxyBase, profiles });
    this.#extras = new RunExtras(options.conditions ?? {}, {
      cluster,
      clock,
      seed,
      profiles,
      proxyBase,
      fleet,
    });
    this.#sizing = new ProxySizing(cluster, clock, { late: this.#extras.late });
    this.#least = new LeastNeedSums(mesh, profiles, clock);
    const surveyed = { pods, cluster, slots: this.#slots, policy, like, podsPerNodeMax, seed };
    this.#survey =
      options.isSurveyed === true
        ? new ReplaySurvey({ ...surveyed, grows: fleet.kind === "auto" })
        : undefined;
    // The sizing comes last: it changes the cluster from within.
    for (const observer of [this.#placer, this.#waiting]) seen.observe(observer);
    const observers = [this.#fleet, this.#totals, this.#audit, this.#least, ...this.#extras.observers()];
    for (const observer of observers) cluster.observe(observer);
    if (this.#view !== undefined) cluster.observe(this.#view);
    cluster.observe(this.#sizing);
    this.#fleet.open();
    this.#totals.startAverage();
    if (events.length === 0) return;
    const nodes = fleet.kind === "auto" ? undefined : fleet.nodes;
    this.#scenario = new ScenarioRun(orderedScenario(events, { pods, nodes }), this.#host());
  }

  /** All events of one second, in order. */
  second(events: readonly TraceEvent[]): void {
    const atSeconds = events[0]?.atSeconds;
    if (atSeconds === undefined) return;
    this.#clock.advanceTo(atSeconds * 1000);
    for (const event of events)
      if (event.kind === "arrival") this.#replicas.arriving(this.#slots.arriving(event));
    for (const event of events) this.#step(event);
    this.#settle();
    this.#series.offer(atSeconds, () => ({ ...this.#totals.current(), waiting: this.#waiting.size }));
    this.#survey?.secondEnded(atSeconds);
    if (atSeconds !== this.#lastArrivalSeconds) return;
    this.#average = this.#totals.average();
    this.#instancesMinAverage = this.#least.instancesAverage();
  }

  /** Goes on until the last event of the scenario has had its effects. */
  finish(): void {
    while (this.#scenario?.isUnderway === true || this.#view?.isUnderway === true) {
      const dueMs = this.#clock.nextDueMs();
      assert(dueMs !== undefined, "what is underway goes on by a timer");
      this.#clock.advanceTo(dueMs);
      this.#series.offer(dueMs / 1000, () => ({ ...this.#totals.current(), waiting: this.#waiting.size }));
    }
  }

  get overcommits(): number {
    return this.#audit.overcommits;
  }

  counts(): PodCounts {
    const { arrived, placed, departed, departedWaiting, waitingMax } = this.#counts;
    const waiting = this.#waiting.size + (this.#view?.turnedAway ?? 0);
    const running = this.#totals.current().pods;
    return {
      arrived,
      placed,
      departed,
      unplaced: waiting + departedWaiting,
      running,
      waiting,
      waitingMax,
    };
  }

  result(): RunResult {
    const { policy } = this.#options;
    const peak = this.#peak ?? this.#momentNow();
    return {
      policy: policy.name,
      pods: this.counts(),
      overcommits: this.overcommits,
      capViolations: this.#audit.capViolations,
      resizes: { grown: this.#sizing.grown, shrunk: this.#sizing.shrunk },
      peak: { atSeconds: peak.atSeconds, ...peak.totals },
      average: this.#average,
      bounds: {
        instances: peak.least.instances,
        nodes: this.#nodesMin(peak.least),
        instancesAverage: this.#instancesMinAverage,
      },
      final: { ...this.#totals.current(), instancesMin: this.#least.current().instances },
      blasts: this.#scenario?.blasts ?? [],
      series: this.#average === undefined ? [] : this.#series.points(),
      events: this.#counts.events,
      evaluations: this.#placer.evaluations,
      pending: this.#pending.result(this.counts()),
      ...this.#extras.results(this.#counts.placed),
      ...(this.#survey?.result !== undefined && { survey: this.#survey.result }),
      ...(this.#view !== undefined && { watch: this.#view.result() }),
    };
  }

  #laggedView(like: ClusterOptions, podsPerNodeMax: number): LaggedView | undefined {
    const { watchLagMs: lagMs } = this.#options.conditions ?? {};
    if (lagMs === undefined) return undefined;
    const host: ViewHost = {
      clock: this.#clock,
      again: (pod) => this.#place(pod),
      seen: () => this.#settle(),
    };
    return new LaggedView({ lagMs, cluster: this.cluster, like, podsPerNodeMax, host });
  }

  #host(): ScenarioHost {
    return {
      cluster: this.cluster,
      fleet: this.#fleet,
      slots: this.#slots,
      clock: this.#clock,
      random: this.#random,
      arrive: (pods) => {
        for (const pod of pods) this.#replicas.arriving(pod);
        for (const pod of pods) this.#arrive(pod);
        this.#counts.events += pods.length;
        this.#settle();
        this.#options.afterEvent?.(this);
      },
      remove: (pod) => {
        this.#counts.events++;
        this.#depart(pod);
      },
    };
  }

  #step(event: TraceEvent): void {
    this.#counts.events++;
    if (event.kind === "arrival") {
      this.#arrive(this.#slots.arriving(event));
    } else {
      const alive = this.#slots.at(event);
      // A scenario's event may have taken it away before.
      if (alive === undefined) this.#scenario?.vacate(event.pod.id);
      else this.#depart(alive);
      this.#slots.closeOf(event);
    }
    this.#options.afterEvent?.(this);
  }

  #settle(): void {
    this.#retryWaiting();
    if (this.#waiting.size > 0 && this.#fleet.grows) this.#growFleet();
    this.#counts.waitingMax = Math.max(this.#counts.waitingMax, this.#waiting.size);
  }

  #arrive(pod: ReplayPod): void {
    this.#retryWaiting();
    this.#counts.arrived++;
    this.#place(pod);
  }

  #place(pod: ReplayPod): void {
    const node = this.#placer.place(pod);
    if (node !== undefined) return this.#bind(pod, node);
    this.#waiting.add(pod);
    this.#pending.began(pod.uid, this.#clock.nowMs());
  }

  #depart(pod: ReplayPod): void {
    this.#counts.departed++;
    if (this.#waiting.remove(pod) || this.#view?.forget(pod) === true) {
      this.#counts.departedWaiting++;
      this.#pending.gaveUp(pod.uid);
    } else this.cluster.unbind(pod);
    this.#replicas.left(pod);
    this.#slots.left(pod);
  }

  #retryWaiting(): number {
    return this.#waiting.retry(this.#placer, (pod, node) => this.#bind(pod, node));
  }

  // What the autoscaler orders for the pods' requests may be too little for their mesh, so that it takes a few rounds.
  #growFleet(): void {
    for (;;) {
      const nodes = this.#fleet.growFor(this.#waiting.hopeful());
      if (nodes.length === 0) return;
      if (this.#retryWaiting() > 0) continue;
      this.#waiting.giveUpHope();
      this.#fleet.giveBack(nodes);
      return;
    }
  }

  #bind(pod: ReplayPod, node: NodeName): void {
    if (this.#view?.admits(pod, node) === false) return this.#pending.began(pod.uid, this.#clock.nowMs());
    this.cluster.bind(pod, node);
    this.#counts.placed++;
    this.#pending.placed(pod.uid, this.#clock.nowMs());
    this.#notePeak();
  }

  #notePeak(): void {
    if (this.#least.pods > (this.#peak?.totals.pods ?? 0)) this.#peak = this.#momentNow();
  }

  #momentNow(): Moment {
    return {
      atSeconds: this.#clock.nowMs() / 1000,
      totals: this.#totals.current(),
      least: this.#least.current(),
    };
  }

  #nodesMin(need: LeastNeed): number | undefined {
    const { fleet, proxyBase = DEFAULT_PROXY_BASE, podsPerNodeMax = PODS_PER_NODE_MAX } = this.#options;
    return nodesMin(need, {
      supply: fleet.kind === "auto" ? fleet.nodeSize : fleet.nodes.map(({ allocatable }) => allocatable),
      podsPerNodeMax,
      proxyBase: this.cluster.mesh.kind === "nodeProxy" ? proxyBase : undefined,
    });
  }
}

/** A moment of a run. */
interface Moment {
  readonly atSeconds: number;
  readonly totals: Totals;
  readonly least: LeastNeed;
}

function* bySecond(events: Iterable<TraceEvent>): Generator<readonly TraceEvent[], void, void> {
  let second: TraceEvent[] = [];
  for (const event of events) {
    if (second[0] !== undefined && second[0].atSeconds !== event.atSeconds) {
      yield second;
      second = [];
    }
    second.push(event);
  }
  if (second.length > 0) yield second;
}
