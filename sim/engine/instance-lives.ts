// The instances of node proxies as the proxy's own lifecycle has them: an instance takes a while to listen, stays for a
// while after its last pod has gone, and costs all that time. The proxy's step function decides; workers do as told.

import { assert } from "#model/assert.ts";
import type { AppName, NodeName } from "#model/brand.ts";
import type { AppPorts } from "#model/mesh-profile.ts";
import type { NodeLedger } from "#model/node-ledger.ts";
import { addResources, noResources, type Resources } from "#model/resources.ts";
import {
  DEFAULT_LIFECYCLE_TIMES,
  type InstanceEvent,
  type InstanceState,
  type LifecycleTimes,
  newInstance,
  stepInstance,
  wakeAtMs,
} from "#proxy/policy/instance-lifecycle.ts";
import type { Clock } from "#runtime/clock.ts";
import type { ClusterObserver } from "./replay-cluster.ts";
import type { ReplayPod } from "./replay-pod.ts";

export interface InstanceConditions {
  /** From a pod that wants an instance until that listens; less than the proxy waits for it. */
  readonly startSeconds: number;
  /** How long it stays after its last pod. */
  readonly lingerSeconds: number;
}

export interface InstancesResult {
  /** With those that an upgraded proxy starts anew. */
  readonly starts: number;
  /** Pods whose app's instance lingered when they came, so that none had to start. */
  readonly startsSpared: number;
  readonly lingeringHours: number;
  /** What lingering instances took, by their base. */
  readonly lingeringCoreHours: number;
  readonly lingeringGibHours: number;
  /** Pods that were placed before their app's instance listened. */
  readonly podsWaited: number;
  /** Of these. */
  readonly waitSecondsMean: number;
  readonly waitSecondsMax: number;
}

/** A proxy gives up on a worker that takes longer to listen. */
export const INSTANCE_START_MS_MAX = DEFAULT_LIFECYCLE_TIMES.startTimeoutMs;
export const DEFAULT_LINGER_SECONDS = DEFAULT_LIFECYCLE_TIMES.lingerMs / 1000;

interface Life {
  readonly node: NodeName;
  readonly app: AppName;
  readonly base: Resources;
  state: InstanceState;
  listensAtMs: number;
  lingersSinceMs: number | undefined;
}

interface InstanceLivesOptions {
  readonly conditions: InstanceConditions;
  readonly clock: Clock;
  /** What a bare instance of the app costs. */
  readonly baseOf: (app: AppName) => Resources;
  /** An instance that lingered has gone. */
  readonly onGone: (name: NodeName) => void;
}

/** Ports have been allocated long before: no simulated instance waits for them. */
const SOME_PORTS: AppPorts = { inbound: 20_000, outbound: 20_001 };
const HOUR_MS = 3_600_000;
const GIB = 1024 ** 3;

export class InstanceLives implements ClusterObserver {
  readonly #clock: Clock;
  readonly #startMs: number;
  readonly #times: LifecycleTimes;
  readonly #baseOf: (app: AppName) => Resources;
  readonly #onGone: (name: NodeName) => void;
  readonly #nodes = new Map<NodeName, Map<AppName, Life>>();
  readonly #sums = { starts: 0, startsSpared: 0, lingeringMs: 0, coreMs: 0, gibMs: 0 };
  readonly #waits = { pods: 0, ms: 0, msMax: 0 };

  constructor({ conditions, clock, baseOf, onGone }: InstanceLivesOptions) {
    this.#clock = clock;
    this.#startMs = conditions.startSeconds * 1000;
    this.#times = { ...DEFAULT_LIFECYCLE_TIMES, lingerMs: conditions.lingerSeconds * 1000 };
    this.#baseOf = baseOf;
    this.#onGone = onGone;
  }

  nodeAdded({ name }: NodeLedger): void {
    this.#nodes.set(name, new Map());
  }

  nodeRemoved({ name }: NodeLedger): void {
    for (const life of this.#nodes.get(name)?.values() ?? []) this.#endLinger(life);
    this.#nodes.delete(name);
  }

  podBound({ app }: ReplayPod, { name }: NodeLedger): void {
    const lives = this.#livesOn(name);
    let life = lives.get(app);
    if (life === undefined) {
      const [base, state] = [this.#baseOf(app), newInstance()];
      life = { node: name, app, base, state, listensAtMs: 0, lingersSinceMs: undefined };
      lives.set(app, life);
      this.#step(life, { kind: "ports", ports: SOME_PORTS });
    } else if (!life.state.isWanted) {
      this.#step(life, { kind: "wanted" });
    }
    const waitsMs = life.listensAtMs - this.#clock.nowMs();
    if (waitsMs <= 0) return;
    this.#waits.pods++;
    this.#waits.ms += waitsMs;
    this.#waits.msMax = Math.max(this.#waits.msMax, waitsMs);
  }

  podLeft({ app }: ReplayPod, { name, appPods }: NodeLedger): void {
    const life = this.#livesOn(name).get(app);
    if (life !== undefined && !appPods.has(app)) this.#step(life, { kind: "unwanted" });
  }

  // The next proxy starts what is wanted before the present one goes; what lingered goes with that one.
  proxyReplaced({ name }: NodeLedger): void {
    for (const life of this.#livesOn(name).values()) {
      if (life.state.isWanted) this.#sums.starts++;
      else this.#gone(life);
    }
  }

  /** What the lingering instances of a node take. */
  lingeringOn(name: NodeName): Resources {
    let sum = noResources;
    for (const { lingersSinceMs, base } of this.#nodes.get(name)?.values() ?? []) {
      if (lingersSinceMs !== undefined) sum = addResources(sum, base);
    }
    return sum;
  }

  /** Up to now. */
  result(): InstancesResult {
    for (const lives of this.#nodes.values()) for (const life of lives.values()) this.#settleLinger(life);
    const { starts, startsSpared, lingeringMs, coreMs, gibMs } = this.#sums;
    const { pods, ms, msMax } = this.#waits;
    return {
      starts,
      startsSpared,
      lingeringHours: lingeringMs / HOUR_MS,
      lingeringCoreHours: coreMs / HOUR_MS,
      lingeringGibHours: gibMs / HOUR_MS,
      podsWaited: pods,
      waitSecondsMean: pods === 0 ? 0 : ms / pods / 1000,
      waitSecondsMax: msMax / 1000,
    };
  }

  #step(life: Life, event: InstanceEvent): void {
    const nowMs = this.#clock.nowMs();
    const wasLingering = life.state.phase.kind === "lingering";
    const { state, effects } = stepInstance(life.state, event, { nowMs, times: this.#times });
    life.state = state;
    const isLingering = state.phase.kind === "lingering";
    if (wasLingering && state.phase.kind === "serving") this.#sums.startsSpared++;
    if (wasLingering && !isLingering) this.#endLinger(life);
    if (isLingering && !wasLingering) this.#linger(life);
    for (const { kind } of effects) {
      if (kind === "start-worker") this.#start(life);
      // Its connections have gone with its pods.
      else if (kind === "drain-worker") this.#step(life, { kind: "exited", reason: "drained" });
      else if (kind === "remove") this.#gone(life);
    }
  }

  #start(life: Life): void {
    this.#sums.starts++;
    life.listensAtMs = this.#clock.nowMs() + this.#startMs;
    if (this.#startMs === 0) return this.#step(life, { kind: "listening" });
    this.#clock.after(this.#startMs, () => {
      if (this.#isThere(life)) this.#step(life, { kind: "listening" });
    });
  }

  #linger(life: Life): void {
    life.lingersSinceMs = this.#clock.nowMs();
    const dueMs = wakeAtMs(life.state);
    assert(dueMs !== undefined, "an instance lingers until some time");
    this.#clock.after(dueMs - this.#clock.nowMs(), () => {
      if (this.#isThere(life)) this.#step(life, { kind: "tick" });
    });
  }

  #endLinger(life: Life): void {
    this.#settleLinger(life);
    life.lingersSinceMs = undefined;
  }

  #settleLinger(life: Life): void {
    if (life.lingersSinceMs === undefined) return;
    const nowMs = this.#clock.nowMs();
    const passedMs = nowMs - life.lingersSinceMs;
    life.lingersSinceMs = nowMs;
    this.#sums.lingeringMs += passedMs;
    this.#sums.coreMs += (passedMs * life.base.cpuMilli) / 1000;
    this.#sums.gibMs += (passedMs * life.base.memoryBytes) / GIB;
  }

  #gone(life: Life): void {
    this.#endLinger(life);
    this.#livesOn(life.node).delete(life.app);
    this.#onGone(life.node);
  }

  #isThere(life: Life): boolean {
    return this.#nodes.get(life.node)?.get(life.app) === life;
  }

  #livesOn(name: NodeName): Map<AppName, Life> {
    const lives = this.#nodes.get(name);
    assert(lives !== undefined, "instances live on nodes that are there");
    return lives;
  }
}
