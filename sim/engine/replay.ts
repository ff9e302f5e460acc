// Replays a trace against one placement policy on a virtual clock. The production policies decide; the cluster is a
// ledger, every binding and every resize succeeds at once, and nothing goes over a network. The same options give the
// same result.

import type { NodeName } from "#model/brand.ts";
import type { Resources } from "#model/resources.ts";
import { SeededRandom } from "../seeded-random.ts";
import type { TraceEvent } from "../traces/trace-events.ts";
import { traceEvents } from "../traces/trace-events.ts";
import type { TracePod } from "../traces/trace.ts";
import { appProfiles, type ProfileOptions } from "./app-profiles.ts";
import { VirtualClock } from "#runtime/virtual-clock.ts";
import { Fleet, type FleetShape } from "./fleet.ts";
import { type LeastNeed, LeastNeedSums, nodesMin } from "./lower-bounds.ts";
import { OvercommitAudit } from "./overcommit-audit.ts";
import type { Placer, PlacementPolicy } from "./placement-policy.ts";
import { ProxySizing } from "./proxy-sizing.ts";
import { ReplayCluster } from "./replay-cluster.ts";
import { PodMaker, type ReplayPod } from "./replay-pod.ts";
import { ReplicaCounts } from "./replica-counts.ts";
import { RunSeries, type SeriesPoint } from "./run-series.ts";
import { RunTotals, type Totals } from "./run-totals.ts";
import { WaitingPods } from "./waiting-pods.ts";

export interface ReplayOptions {
  readonly pods: readonly TracePod[];
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
}

/** A process with no app in it, as planned for in the shipped DaemonSet: an assumption until it is measured. */
export const DEFAULT_PROXY_BASE: Resources = { cpuMilli: 100, memoryBytes: 128 * 1024 ** 2 };

/** kubelet's default for maxPods. */
const PODS_PER_NODE_MAX = 110;

export interface PodCounts {
  readonly arrived: number;
  /** Bound, at once or after waiting; those that left since count too. */
  readonly placed: number;
  readonly departed: number;
  /** Left or still wait without ever having had a node. */
  readonly unplaced: number;
  readonly running: number;
  readonly waiting: number;
  /** After the fleet has grown. */
  readonly waitingMax: number;
}

export interface RunResult {
  readonly policy: string;
  readonly pods: PodCounts;
  readonly overcommits: number;
  readonly capViolations: number;
  readonly resizes: { readonly grown: number; readonly shrunk: number };
  /** When most pods ran. */
  readonly peak: Totals & { readonly atSeconds: number };
  /** Over the time from the first arrival to the last; undefined for a trace without time. */
  readonly average: Totals | undefined;
  /** What the pods of the peak need at least; nodes is undefined if the fleet could not hold them at all. */
  readonly bounds: { readonly instances: number; readonly nodes: number | undefined };
  /** Over time, thinned out; empty for a trace without time. */
  readonly series: readonly SeriesPoint[];
  readonly events: number;
  /** How many times a node was weighed for a pod. */
  readonly evaluations: number;
}

export function replay(options: ReplayOptions): RunResult {
  const run = new Replay(options);
  for (const events of bySecond(traceEvents(options.pods))) run.second(events);
  return run.result();
}

export class Replay {
  readonly cluster: ReplayCluster;
  readonly #options: ReplayOptions;
  readonly #clock: VirtualClock;
  readonly #placer: Placer;
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
  readonly #alive = new Map<string, ReplayPod>();
  readonly #maker: PodMaker;
  #peak: Moment | undefined;
  #average: Totals | undefined;

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
    const cluster = new ReplayCluster({ mesh, proxy, profiles });
    const random = new SeededRandom(seed);
    this.#clock = clock;
    this.cluster = cluster;
    this.#maker = new PodMaker(mesh);
    this.#placer = policy.start({ cluster, clock, random: () => random.next(), podsPerNodeMax });
    this.#fleet = new Fleet(fleet, { cluster, clock, podsPerNodeMax });
    this.#replicas = new ReplicaCounts(cluster.ledger);
    this.#totals = new RunTotals(mesh, clock);
    this.#audit = new OvercommitAudit({ mesh, proxyBase, profiles });
    this.#sizing = new ProxySizing(cluster, clock);
    this.#least = new LeastNeedSums(mesh, profiles);
    // The sizing comes last: it changes the cluster from within.
    const observers = [this.#placer, this.#fleet, this.#waiting, this.#totals, this.#audit, this.#least];
    for (const observer of observers) cluster.observe(observer);
    cluster.observe(this.#sizing);
    this.#fleet.open();
    this.#totals.startAverage();
  }

  /** All events of one second, in order. */
  second(events: readonly TraceEvent[]): void {
    const atSeconds = events[0]?.atSeconds;
    if (atSeconds === undefined) return;
    this.#clock.advanceTo(atSeconds * 1000);
    for (const { kind, pod } of events) if (kind === "arrival") this.#replicas.arriving(this.#pod(pod));
    for (const event of events) this.#step(event);
    this.#retryWaiting();
    if (this.#waiting.size > 0 && this.#fleet.grows) this.#growFleet();
    this.#counts.waitingMax = Math.max(this.#counts.waitingMax, this.#waiting.size);
    this.#series.offer(atSeconds, () => ({ ...this.#totals.current(), waiting: this.#waiting.size }));
    if (atSeconds === this.#lastArrivalSeconds) this.#average = this.#totals.average();
  }

  get overcommits(): number {
    return this.#audit.overcommits;
  }

  counts(): PodCounts {
    const { arrived, placed, departed, departedWaiting, waitingMax } = this.#counts;
    const waiting = this.#waiting.size;
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
      bounds: { instances: peak.least.instances, nodes: this.#nodesMin(peak.least) },
      series: this.#average === undefined ? [] : this.#series.points(),
      events: this.#counts.events,
      evaluations: this.#placer.evaluations,
    };
  }
  #step({ kind, pod }: TraceEvent): void {
    this.#counts.events++;
    if (kind === "arrival") this.#arrive(this.#pod(pod));
    else this.#depart(this.#pod(pod));
    this.#options.afterEvent?.(this);
  }

  #arrive(pod: ReplayPod): void {
    this.#retryWaiting();
    this.#counts.arrived++;
    const node = this.#placer.place(pod);
    if (node === undefined) this.#waiting.add(pod);
    else this.#bind(pod, node);
  }

  #depart(pod: ReplayPod): void {
    this.#counts.departed++;
    if (this.#waiting.remove(pod)) this.#counts.departedWaiting++;
    else this.cluster.unbind(pod);
    this.#replicas.left(pod);
    this.#alive.delete(pod.name);
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
    this.cluster.bind(pod, node);
    this.#counts.placed++;
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

  #pod(pod: TracePod): ReplayPod {
    let alive = this.#alive.get(pod.id);
    if (alive === undefined) {
      alive = this.#maker.make(pod);
      this.#alive.set(pod.id, alive);
    }
    return alive;
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
