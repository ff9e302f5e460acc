// The recommender on the replay's clock: its planner and its state machine decide, and every size they ask for is
// granted at once, since the planner never asks for more than the node has room for; unless resizes are to be late.

import { assert } from "#model/assert.ts";
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
import type { LateResizes } from "./late-resizes.ts";
import type { ClusterObserver, ReplayCluster } from "./replay-cluster.ts";
import type { ReplayPod } from "./replay-pod.ts";
import type { ResizeFate } from "./resize-fates.ts";

export interface ProxySizingOptions {
  readonly planner?: PlannerOptions;
  /** What becomes of requests, where they do not succeed at once. */
  readonly late?: LateResizes | undefined;
}

interface Sized {
  readonly node: NodeLedger;
  state: ResizeState;
  /** When to look again; undefined if only a change of the node's pods matters. */
  lookAgainAtMs: number | undefined;
  /** A timer that is due by then at the latest. */
  alarm: Alarm | undefined;
}

interface Alarm {
  readonly atMs: number;
  readonly cancel: Cancel;
}

export class ProxySizing implements ClusterObserver {
  readonly #cluster: ReplayCluster;
  readonly #clock: Clock;
  readonly #options: PlannerOptions;
  readonly #late: LateResizes | undefined;
  /** By the nodes' numbers. */
  readonly #sized: (Sized | undefined)[] = [];
  grown = 0;
  shrunk = 0;

  constructor(
    cluster: ReplayCluster,
    clock: Clock,
    { planner = DEFAULT_PLANNER_OPTIONS, late }: ProxySizingOptions = {},
  ) {
    this.#cluster = cluster;
    this.#clock = clock;
    this.#options = planner;
    this.#late = late;
  }

  /** What the DaemonSet's template requests: the size for a node without apps. */
  static template(base: Resources, options: PlannerOptions = DEFAULT_PLANNER_OPTIONS): Resources {
    return targetSize(base, options);
  }

  nodeAdded(node: NodeLedger): void {
    this.#sized[node.number] = { node, state: SETTLED, lookAgainAtMs: undefined, alarm: undefined };
    this.#late?.nodeAdded(node);
  }

  podBound(_pod: ReplayPod, node: NodeLedger): void {
    this.#plan(this.#sizedOf(node));
    this.#late?.noteNeed(node.name);
  }

  podLeft(_pod: ReplayPod, node: NodeLedger): void {
    this.#plan(this.#sizedOf(node));
    this.#late?.noteNeed(node.name);
  }

  proxyReplaced(node: NodeLedger): void {
    this.#plan(this.#sizedOf(node));
    this.#late?.noteNeed(node.name);
  }

  nodeRemoved({ name, number }: NodeLedger): void {
    this.#sized[number]?.alarm?.cancel();
    this.#sized[number] = undefined;
    this.#late?.nodeRemoved(name);
  }

  #sizedOf({ number }: NodeLedger): Sized {
    const sized = this.#sized[number];
    assert(sized !== undefined, "proxies are sized on nodes that are there");
    return sized;
  }

  #plan(sized: Sized): void {
    const { name, counted: current, allocatable, requested } = sized.node;
    // While the next proxy stands beside the present one, neither is resized.
    if (current === undefined || sized.node.proxies.size > 1) return;
    const nowMs = this.#clock.nowMs();
    const options = this.#options;
    const situation: NodeSituation = {
      required: sized.node.required(),
      current,
      ceiling: subtractResources(allocatable, requested),
    };
    apply(sized, { kind: "required", required: situation.required, nowMs });
    const isSurplus = hasSurplus(current, targetSize(situation.required, options), options);
    const state = apply(sized, isSurplus ? { kind: "surplus", nowMs } : NO_SURPLUS);
    const plan = planResize(situation, state, { nowMs, options });
    if (plan.kind === "hold") return this.#lookAgain(sized, plan.lookAgainAtMs);
    this.#lookAgain(sized, undefined);
    const { size } = plan;
    const isShrinking = isWithin(size, current);
    const fate = isShrinking ? "granted" : this.#askFor(sized, size);
    if (fate === "refused") {
      apply(sized, { kind: "refused", size, nowMs });
      return this.#plan(sized);
    }
    if (isShrinking) this.shrunk++;
    else this.grown++;
    const shrunkAtMs = plan.reason === "surplusLasted" ? nowMs : undefined;
    apply(sized, { kind: "sent", size, shrunkAtMs });
    apply(sized, ACCEPTED);
    if (fate === "deferred") apply(sized, { kind: "deferred", size, nowMs });
    if (isShrinking) this.#late?.shrunk(name, size);
    this.#cluster.resizeProxy(name, size);
    // What is required is counted now; when headroom may follow is for the next plan to say.
    this.#plan(sized);
  }

  #askFor(sized: Sized, size: Resources): ResizeFate["kind"] {
    if (this.#late === undefined) return "granted";
    return this.#late.grow(sized.node.name, size, () => {
      apply(sized, { kind: "granted" });
      this.#plan(sized);
    });
  }

  // A timer that rings too early looks when it is really due: pods come far more often than timers ring.
  #lookAgain(sized: Sized, atMs: number | undefined): void {
    sized.lookAgainAtMs = atMs;
    if (atMs === undefined) return;
    const { alarm } = sized;
    if (alarm !== undefined && alarm.atMs <= atMs) return;
    alarm?.cancel();
    const cancel = this.#clock.after(atMs - this.#clock.nowMs(), () => this.#ring(sized));
    sized.alarm = { atMs, cancel };
  }

  #ring(sized: Sized): void {
    sized.alarm = undefined;
    const { lookAgainAtMs } = sized;
    if (lookAgainAtMs === undefined) return;
    if (lookAgainAtMs <= this.#clock.nowMs()) this.#plan(sized);
    else this.#lookAgain(sized, lookAgainAtMs);
  }
}

const NO_SURPLUS: ResizeEvent = { kind: "noSurplus" };
const ACCEPTED: ResizeEvent = { kind: "accepted" };

function apply(sized: Sized, event: ResizeEvent): ResizeState {
  sized.state = nextResizeState(sized.state, event);
  return sized.state;
}
