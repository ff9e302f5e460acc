// The recommender on the replay's clock: its planner and its state machine decide, and every size they ask for is
// granted at once, since the planner never asks for more than the node has room for.

import type { NodeName } from "#model/brand.ts";
import type { NodeLedger } from "#model/node-ledger.ts";
import { isWithin, type Resources, subtractResources } from "#model/resources.ts";
import type { Cancel, Clock } from "#runtime/clock.ts";
import {
  DEFAULT_PLANNER_OPTIONS,
  hasSurplus,
  type NodeSituation,
  type PlannerOptions,
  planResize,
  targetSize,
} from "#vpa-recommender/policy/resize-planner.ts";
import {
  nextResizeState,
  type ResizeEvent,
  type ResizeState,
  SETTLED,
} from "#vpa-recommender/policy/resize-state.ts";
import type { ClusterObserver, ReplayCluster } from "./replay-cluster.ts";
import type { ReplayPod } from "./replay-pod.ts";

interface Alarm {
  readonly atMs: number;
  readonly cancel: Cancel;
}

export class ProxySizing implements ClusterObserver {
  readonly #cluster: ReplayCluster;
  readonly #clock: Clock;
  readonly #options: PlannerOptions;
  readonly #states = new Map<NodeName, ResizeState>();
  readonly #alarms = new Map<NodeName, Alarm>();
  grown = 0;
  shrunk = 0;

  constructor(cluster: ReplayCluster, clock: Clock, options: PlannerOptions = DEFAULT_PLANNER_OPTIONS) {
    this.#cluster = cluster;
    this.#clock = clock;
    this.#options = options;
  }

  /** What the DaemonSet's template requests: the size for a node without apps. */
  static template(base: Resources, options: PlannerOptions = DEFAULT_PLANNER_OPTIONS): Resources {
    return targetSize(base, options);
  }

  podBound(_pod: ReplayPod, node: NodeLedger): void {
    this.#plan(node);
  }

  podLeft(_pod: ReplayPod, node: NodeLedger): void {
    this.#plan(node);
  }

  nodeRemoved({ name }: NodeLedger): void {
    this.#states.delete(name);
    this.#alarms.get(name)?.cancel();
    this.#alarms.delete(name);
  }

  #plan(node: NodeLedger): void {
    const { name, counted: current, allocatable, requested } = node;
    if (current === undefined) return;
    const nowMs = this.#clock.nowMs();
    const options = this.#options;
    const situation: NodeSituation = {
      required: node.required(),
      current,
      ceiling: subtractResources(allocatable, requested),
    };
    this.#apply(name, { kind: "required", required: situation.required, nowMs });
    const isSurplus = hasSurplus(current, targetSize(situation.required, options), options);
    const state = this.#apply(name, isSurplus ? { kind: "surplus", nowMs } : { kind: "noSurplus" });
    const plan = planResize(situation, state, { nowMs, options });
    if (plan.kind === "hold") return this.#lookAgain(node, plan.lookAgainAtMs);
    this.#lookAgain(node, undefined);
    if (isWithin(plan.size, current)) this.shrunk++;
    else this.grown++;
    const shrunkAtMs = plan.reason === "surplusLasted" ? nowMs : undefined;
    this.#apply(name, { kind: "sent", size: plan.size, shrunkAtMs });
    this.#apply(name, { kind: "accepted" });
    this.#cluster.resizeProxy(name, plan.size);
    // What is required is there now; when headroom may follow is for the next plan to say.
    this.#plan(node);
  }

  #lookAgain(node: NodeLedger, atMs: number | undefined): void {
    const alarm = this.#alarms.get(node.name);
    if (alarm?.atMs === atMs) return;
    alarm?.cancel();
    this.#alarms.delete(node.name);
    if (atMs === undefined) return;
    const cancel = this.#clock.after(atMs - this.#clock.nowMs(), () => {
      this.#alarms.delete(node.name);
      this.#plan(node);
    });
    this.#alarms.set(node.name, { atMs, cancel });
  }

  #apply(name: NodeName, event: ResizeEvent): ResizeState {
    const state = nextResizeState(this.#states.get(name) ?? SETTLED, event);
    this.#states.set(name, state);
    return state;
  }
}
