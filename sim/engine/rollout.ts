// One rolling update, as a Deployment does it with maxUnavailable 0: some new pods beyond the app's own, and an old one
// goes for each new one that has a node. Which one goes is the ReplicaSet controller's choice: one of the node with most
// of the app's pods, and of these the newest (kubernetes pkg/controller/controller_utils.go, ActivePodsWithRanks).

import type { NodeName } from "#model/brand.ts";
import type { ReplayPod } from "./replay-pod.ts";
import type { AppRolledOut } from "./scenario-event.ts";
import type { ScenarioHost } from "./scenario-host.ts";

/** After so many steps without a new pod that got a node it ends where it is: a Deployment's deadline of 600 s. */
const STEPS_STUCK_MAX = 10;
/** Kubernetes' default maxSurge. */
const SURGE_SHARE = 0.25;
const STEP_SECONDS = 60;

export class Rollout {
  readonly #host: ScenarioHost;
  readonly #old: Set<ReplayPod>;
  readonly #surgeMax: number;
  readonly #ownerUid: string;
  readonly #stepMs: number;
  readonly #ended: () => void;
  #surge: readonly ReplayPod[] = [];
  #stepsStuck = 0;

  /** @param ended called once, when all pods are new or it is stuck. */
  constructor(host: ScenarioHost, event: AppRolledOut, { number, ended }: RolloutEnd) {
    const { app, surgeShare = SURGE_SHARE, stepSeconds = STEP_SECONDS } = event;
    this.#host = host;
    this.#ended = ended;
    this.#old = new Set(host.slots.ofApp(app));
    this.#surgeMax = Math.max(1, Math.ceil(this.#old.size * surgeShare));
    // The new template's ReplicaSet.
    this.#ownerUid = `owner-of-${app}-${number}`;
    this.#stepMs = stepSeconds * 1000;
    this.#surgeMore();
  }

  #surgeMore(): void {
    const [one] = this.#oldAlive();
    if (one === undefined && this.#surge.length === 0) return this.#ended();
    const lacking = Math.min(this.#surgeMax, this.#oldAlive().length) - this.#surge.length;
    const more =
      one === undefined
        ? []
        : Array.from({ length: Math.max(0, lacking) }, () => this.#host.slots.another(one, this.#ownerUid));
    this.#surge = [...this.#surge, ...more];
    this.#host.arrive(more);
    this.#host.clock.after(this.#stepMs, () => this.#step());
  }

  #step(): void {
    const alive = this.#surge.filter((pod) => this.#isAlive(pod));
    const ready = alive.filter(({ nodeName }) => nodeName !== undefined);
    this.#surge = alive.filter(({ nodeName }) => nodeName === undefined);
    for (const pod of ready) this.#replaceOneBy(pod);
    this.#stepsStuck = ready.length > 0 ? 0 : this.#stepsStuck + 1;
    if (this.#stepsStuck < STEPS_STUCK_MAX) return this.#surgeMore();
    for (const pod of this.#surge) this.#host.remove(pod);
    this.#ended();
  }

  #replaceOneBy(pod: ReplayPod): void {
    const gone = this.#firstToGo();
    // The trace, or another event, took old ones away in the meantime.
    if (gone === undefined) return this.#host.remove(pod);
    this.#old.delete(gone);
    this.#host.remove(gone);
    this.#host.slots.takeOver(gone.slot, pod);
  }

  #oldAlive(): readonly ReplayPod[] {
    return [...this.#old].filter((pod) => this.#isAlive(pod));
  }

  #isAlive({ uid }: ReplayPod): boolean {
    return this.#host.slots.byUid(uid) !== undefined;
  }

  #firstToGo(): ReplayPod | undefined {
    const { cluster } = this.#host;
    // Those without a node go before all others.
    const podsThere = (name: NodeName | undefined, { app }: ReplayPod): number =>
      name === undefined ? Infinity : (cluster.ledger.node(name)?.appPods.get(app) ?? 0);
    let first: ReplayPod | undefined;
    let most = 0;
    for (const pod of this.#oldAlive()) {
      const pods = podsThere(pod.nodeName, pod);
      if (first === undefined || pods >= most) {
        first = pod;
        most = pods;
      }
    }
    return first;
  }
}

interface RolloutEnd {
  /** Tells one rollout's pods from another's. */
  readonly number: number;
  readonly ended: () => void;
}
