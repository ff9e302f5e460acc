// Makes a scenario's events happen in a run, each at its time. What an event sets going (a rollout, nodes that come back)
// goes on by timers of the run's clock.

import type { NodeName } from "#model/brand.ts";
import type { NodeLedger } from "#model/node-ledger.ts";
import { assertNever } from "#model/assert.ts";
import type { TraceNode } from "../traces/trace.ts";
import { NO_SLOT } from "./pod-slots.ts";
import { ProxyUpgrade } from "./proxy-upgrade.ts";
import { type ReplayPod, tracedApp } from "./replay-pod.ts";
import { Rollout } from "./rollout.ts";
import type { AppScaled, NodeChoice, ScenarioEvent } from "./scenario-event.ts";
import { podsOn, type ScenarioHost } from "./scenario-host.ts";

/** node-monitor-grace-period (50 s since 1.32) and the default toleration of an unreachable node (300 s). */
const EVICT_SECONDS = 350;

/** What a lost node, or a lost zone, took along. */
export interface Blast {
  readonly kind: "node" | "zone";
  readonly pods: number;
  readonly apps: number;
}

export class ScenarioRun {
  readonly #host: ScenarioHost;
  /** Places whose pods are gone and not made anew yet. */
  readonly #missing = new Map<string, ReplayPod>();
  readonly blasts: Blast[] = [];
  #underway = 0;
  #rollouts = 0;

  /** @param events in order of time. */
  constructor(events: readonly ScenarioEvent[], host: ScenarioHost) {
    this.#host = host;
    const nowMs = host.clock.nowMs();
    for (const event of events) this.#after(event.atSeconds * 1000 - nowMs, () => this.#happen(event));
  }

  /** Something is still to happen. */
  get isUnderway(): boolean {
    return this.#underway > 0;
  }

  /** The trace's pod leaves while nobody is in its place: nobody will be made anew for it. */
  vacate(slot: string): void {
    this.#missing.delete(slot);
  }

  #after(delayMs: number, task: () => void): void {
    this.#underway++;
    this.#host.clock.after(delayMs, () => {
      this.#underway--;
      task();
    });
  }

  #happen(event: ScenarioEvent): void {
    switch (event.kind) {
      case "nodeLoss":
        return this.#lose(this.#chosen(event.nodes), "node", event);
      case "zoneLoss":
        return this.#lose(this.#ofZone(event.zone), "zone", event);
      case "drain":
        return this.#drain(this.#chosen(event.nodes), event.backAfterSeconds);
      case "rollout":
        this.#underway++;
        return void new Rollout(this.#host, event, {
          number: ++this.#rollouts,
          ended: () => void this.#underway--,
        });
      case "scale":
        return this.#scale(event);
      case "proxyUpgrade":
        this.#underway++;
        return void new ProxyUpgrade(this.#host, event, () => void this.#underway--);
      default:
        return assertNever(event);
    }
  }

  #lose(
    nodes: readonly NodeLedger[],
    kind: Blast["kind"],
    { evictSeconds = EVICT_SECONDS, backAfterSeconds }: Loss,
  ) {
    const gone = nodes.map((node) => this.#takeAway(node, backAfterSeconds));
    const blasts = kind === "zone" ? [gone.flat()] : gone;
    for (const pods of blasts) {
      this.blasts.push({ kind, pods: pods.length, apps: new Set(pods.map(({ app }) => app)).size });
    }
    this.#after(evictSeconds * 1000, () => this.#makeAnew(gone.flat()));
  }

  #drain(nodes: readonly NodeLedger[], backAfterSeconds: number | undefined): void {
    for (const node of nodes) this.#makeAnew(this.#takeAway(node, backAfterSeconds));
  }

  /** Returns the pods that were on it. */
  #takeAway(node: NodeLedger, backAfterSeconds: number | undefined): readonly ReplayPod[] {
    const { name, allocatable, zone } = node;
    const pods = podsOn(this.#host, name);
    for (const pod of pods) {
      this.#host.remove(pod);
      if (pod.slot !== NO_SLOT) this.#missing.set(pod.slot, pod);
    }
    this.#host.fleet.lose(name);
    const back: TraceNode = { name, allocatable, zone };
    if (backAfterSeconds !== undefined) this.#after(backAfterSeconds * 1000, () => this.#bringBack(back));
    return pods;
  }

  #bringBack(node: TraceNode): void {
    this.#host.fleet.bringBack(node);
    this.#host.arrive([]);
  }

  #makeAnew(pods: readonly ReplayPod[]): void {
    const { slots } = this.#host;
    const anew = pods.flatMap((pod) => {
      // The trace may have taken the pod away in the meantime.
      if (this.#missing.get(pod.slot) !== pod) return [];
      this.#missing.delete(pod.slot);
      const another = slots.another(pod, pod.ownerUid);
      slots.takeOver(pod.slot, another);
      return [another];
    });
    this.#host.arrive(anew);
  }

  // Pods whose places are empty for a while count as well, and go first: their controller has not made them anew yet.
  #scale({ app, replicas }: AppScaled): void {
    const { slots } = this.#host;
    const missing = [...this.#missing].filter(([, pod]) => pod.app === tracedApp(app));
    const alive = slots.ofApp(app);
    const surplus = alive.length + missing.length - replicas;
    const unmissed = missing.slice(0, Math.max(0, surplus));
    for (const [slot] of unmissed) {
      this.#missing.delete(slot);
      slots.close(app, slot);
    }
    for (const pod of alive.slice(replicas).toReversed()) {
      this.#host.remove(pod);
      slots.close(app, pod.slot);
    }
    const like = slots.likeOf(app);
    const more = Array.from({ length: Math.max(0, -surplus) }, () => {
      const pod = slots.another(like, like.ownerUid);
      slots.open(app, pod);
      return pod;
    });
    this.#host.arrive(more);
  }

  #chosen(choice: NodeChoice): readonly NodeLedger[] {
    const { cluster, random } = this.#host;
    if ("names" in choice) return choice.names.flatMap((name) => cluster.ledger.node(name as NodeName) ?? []);
    const used = [...cluster.ledger.nodes()].filter(({ occupants }) => occupants.size > 0);
    const chosen: NodeLedger[] = [];
    while (chosen.length < choice.count && used.length > 0) {
      chosen.push(...used.splice(Math.floor(random() * used.length), 1));
    }
    return chosen;
  }

  #ofZone(name: string): readonly NodeLedger[] {
    return [...this.#host.cluster.ledger.nodes()].filter(({ zone }) => zone === name);
  }
}

interface Loss {
  readonly evictSeconds?: number;
  readonly backAfterSeconds?: number;
}
