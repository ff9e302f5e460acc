// Keeps every node's proxy at its size: changes mark nodes dirty, a round plans each dirty node and sends what the plan
// says. One resize per node at a time; the answer is an event for the node's state machine.

import type { NodeName } from "#model/brand.ts";
import {
  equalResources,
  isWithin,
  maxResources,
  noResources,
  type Resources,
  subtractResources,
} from "#model/resources.ts";
import type { EventRecorder } from "#kube/events.ts";
import { formatCpu, formatMemory } from "#model/quantity.ts";
import type { Cancel, Clock } from "#runtime/clock.ts";
import type { Logger } from "#runtime/logger.ts";
import type { PlannedSituation, SizedProxy } from "../policy/node-situation.ts";
import { hasSurplus, planResize, type ResizePlan, targetOf } from "../policy/resize-planner.ts";
import { nextResizeState, type ResizeEvent, type ResizeState, SETTLED } from "../policy/resize-state.ts";
import { mayResize } from "../policy/sizing-rules.ts";
import { NodeProxies } from "./node-proxies.ts";
import type { ProxyPod } from "./proxy-pod.ts";
import type { ExplainedRecommendation, Recommendation } from "../policy/recommendation.ts";
import type { RecommenderMetrics } from "./recommender-metrics.ts";
import type { Resizer, ResizeOutcome } from "./resizer.ts";
import type { SizingSubject } from "./sizing-subject.ts";
import { recommenderEvent, type RecommenderEventReason } from "./recommender-events.ts";

export interface SizingLoopOptions {
  readonly subject: SizingSubject;
  readonly resizer: Pick<Resizer, "resize" | "publishRecommendation">;
  readonly clock: Clock;
  readonly metrics: RecommenderMetrics;
  readonly logger: Logger;
  /** Told where `kubectl describe` of the proxy's pod shows it. */
  readonly events: Pick<EventRecorder, "record">;
  readonly mayAct: () => boolean;
  /** False where the API server has no pods/resize: pods are told their size and keep their own. */
  readonly isResizeServed: () => boolean;
  /** In lockstep with a replay rounds run on demand only, by `settle`. */
  readonly rounds: "automatic" | "onDemand";
}

/** A failed write is tried again after this long; the API server was away or busy. */
const RETRY_MS = 5_000;
/** Placements come in bursts; what arrives within this time is planned together. */
const BATCH_MS = 20;

export class SizingLoop {
  readonly #options: SizingLoopOptions;
  readonly #dirty = new Set<NodeName>();
  readonly #states = new Map<NodeName, ResizeState>();
  readonly #proxies = new NodeProxies();
  readonly #alarms = new Map<NodeName, Cancel>();
  readonly #changes = new Map<NodeName, NonNullable<ExplainedRecommendation["lastChange"]>>();
  readonly #shortSinceMs = new Map<NodeName, number>();
  #underway = new Set<Promise<void>>();
  #batch: NodeJS.Timeout | undefined;

  constructor(options: SizingLoopOptions) {
    this.#options = options;
  }

  /** Has the node planned anew soon. */
  markDirty(node: NodeName): void {
    this.#dirty.add(node);
    if (this.#options.rounds === "automatic") this.#startBatch();
  }

  #startBatch(): void {
    this.#batch ??= setTimeout(() => {
      this.#batch = undefined;
      this.runRound();
    }, BATCH_MS);
  }

  markAllDirty(): void {
    for (const [node] of this.#proxies.allSized()) this.markDirty(node);
  }

  proxySeen(proxy: ProxyPod): void {
    this.#changed(proxy, () => this.#proxies.upsert(proxy));
  }

  proxyGone(proxy: ProxyPod): void {
    this.#changed(proxy, () => this.#proxies.remove(proxy));
  }

  #changed({ ownNode: node }: ProxyPod, change: () => void): void {
    if (node === undefined) return;
    const before = this.#proxies.sized(node);
    change();
    const after = this.#proxies.sized(node);
    if (before?.uid !== after?.uid) this.#states.delete(node);
    if (after === undefined) return this.#forget(node);
    const wasPending = before?.uid === after.uid ? before.pendingResize : undefined;
    if (wasPending !== after.pendingResize) this.#pended(node, after);
    this.markDirty(node);
  }

  #pended(node: NodeName, proxy: ProxyPod): void {
    const { clock, metrics } = this.#options;
    const { pendingResize, requests: size } = proxy;
    if (pendingResize === undefined) return this.#apply(node, { kind: "granted" });
    const kind = pendingResize === "Deferred" ? "deferred" : "refused";
    metrics.resizePended(pendingResize);
    this.#tell(proxy, `ProxyResize${pendingResize}`, `kubelet has no room for ${sizeText(size)}`);
    this.#apply(node, { kind, size, nowMs: clock.nowMs() });
  }

  #forget(node: NodeName): void {
    this.#shortSinceMs.delete(node);
    this.#lookAgain(node, undefined);
    this.#changes.delete(node);
  }

  /** Plans every dirty node now and sends what is to be sent. */
  runRound(): void {
    if (!this.#options.mayAct()) return;
    const stop = this.#options.metrics.roundStarted();
    const nodes = [...this.#dirty];
    this.#dirty.clear();
    for (const node of nodes) this.#plan(node);
    stop();
  }

  /** Runs rounds until nothing is dirty and nothing is underway. */
  async settle(): Promise<void> {
    while ((this.#dirty.size > 0 && this.#options.mayAct()) || this.#underway.size > 0) {
      this.runRound();
      await Promise.all(this.#underway);
    }
  }

  stop(): void {
    clearTimeout(this.#batch);
    for (const cancel of this.#alarms.values()) cancel();
  }

  proxyOf(node: NodeName): ProxyPod | undefined {
    return this.#proxies.sized(node);
  }

  *proxies(): Iterable<ProxyPod> {
    for (const [, proxy] of this.#proxies.allSized()) yield proxy;
  }

  *recommendations(): Iterable<Recommendation> {
    for (const [name, proxy] of this.#proxies.allSized()) {
      const situation = this.#situation(name, proxy);
      if (situation !== undefined) yield this.#recommendation(name, proxy, situation);
    }
  }

  /** Why the node's proxy has the size it has; undefined for a node without one. */
  explain(name: NodeName): ExplainedRecommendation | undefined {
    const proxy = this.#proxies.sized(name);
    const situation = proxy && this.#situation(name, proxy);
    if (proxy === undefined || situation === undefined) return undefined;
    const recommendation = this.#recommendation(name, proxy, situation);
    const { subject, clock } = this.#options;
    const { planner } = subject.rulesOf(proxy);
    return {
      ...recommendation,
      headroom: subtractResources(recommendation.target, recommendation.required),
      ceiling: situation.ceiling,
      free: maxResources(noResources, subtractResources(situation.ceiling, situation.current)),
      cap: finite(planner.max),
      conditions: conditionsOf(proxy, situation),
      lastChange: this.#changes.get(name) ?? null,
      explanation: subject.explain(name, clock.nowMs()) ?? null,
    };
  }

  #recommendation(name: NodeName, proxy: ProxyPod, situation: PlannedSituation): Recommendation {
    const { planner, mode } = this.#options.subject.rulesOf(proxy);
    const nowMs = this.#options.clock.nowMs();
    const plan = planResize(situation, this.#stateOf(name), { nowMs, options: planner });
    const { current, required } = situation;
    const pod = `${proxy.namespace}/${proxy.name}`;
    return {
      node: name,
      pod,
      current,
      required,
      target: targetOf(situation, planner),
      plan: plan.reason,
      mode,
    };
  }

  #situation(name: NodeName, proxy: ProxyPod): PlannedSituation | undefined {
    const { subject, clock } = this.#options;
    return subject.situationOf(name, sized(proxy, this.#proxies.next(name)), clock.nowMs());
  }

  #plan(name: NodeName): void {
    const { clock, subject, metrics, isResizeServed } = this.#options;
    const proxy = this.#proxies.sized(name);
    const situation = proxy && this.#situation(name, proxy);
    if (proxy === undefined || situation === undefined) return;
    const nowMs = clock.nowMs();
    const { planner, mode } = subject.rulesOf(proxy);
    this.#watchShortfall(name, situation.current, nowMs);
    this.#apply(name, { kind: "required", required: situation.planned, nowMs });
    const target = targetOf(situation, planner);
    const surplus = hasSurplus(situation.current, target, planner);
    this.#apply(name, surplus ? { kind: "surplus", nowMs } : { kind: "noSurplus" });
    const plan = planResize(situation, this.#stateOf(name), { nowMs, options: planner });
    metrics.planned(plan.reason);
    if (!isResizeServed() || !mayResize(mode, nowMs - proxy.createdAtMs))
      return this.#track(this.#recommend(name, proxy, target));
    if (plan.reason === "noRoom") this.#tellShort(proxy, situation);
    if (plan.kind === "resize") return this.#send(proxy, plan);
    this.#lookAgain(name, plan.lookAgainAtMs);
    if (plan.reason !== "underway") this.#track(this.#share(name, proxy));
  }

  #tellShort(proxy: ProxyPod, { required, ceiling }: PlannedSituation): void {
    const message = `the pods on the node call for ${sizeText(required)}, the node has room for ${sizeText(ceiling)}`;
    this.#tell(proxy, "ProxyShort", message);
  }

  async #recommend(name: NodeName, proxy: ProxyPod, target: Resources): Promise<void> {
    if (proxy.recommended !== undefined && equalResources(proxy.recommended, target)) return;
    const { kind } = await this.#options.resizer.publishRecommendation(proxy, target);
    if (kind === "accepted") this.#remember(name, proxy, { recommended: target });
    else if (kind !== "gone") this.#lookAgain(name, this.#options.clock.nowMs() + RETRY_MS);
  }

  async #share(name: NodeName, proxy: ProxyPod): Promise<void> {
    const told = await this.#options.subject.shares?.granted(proxy);
    if (told === undefined) return;
    if (told.outcome.kind === "accepted") this.#remember(name, proxy, { shares: told.shares });
    else if (told.outcome.kind !== "gone") this.#lookAgain(name, this.#options.clock.nowMs() + RETRY_MS);
  }

  #track(work: Promise<void>): void {
    const tracked = work.finally(() => this.#underway.delete(tracked));
    this.#underway.add(tracked);
  }

  // The watch repeats what was accepted; until then the next plan must not start from what was before.
  #remember(name: NodeName, { uid }: ProxyPod, change: Partial<ProxyPod>): void {
    const present = this.#proxies.sized(name);
    if (present?.uid === uid) this.#proxies.upsert({ ...present, ...change });
  }

  #send(proxy: ProxyPod, plan: Sendable): void {
    const { logger } = this.#options;
    const { size, reason } = plan;
    const name = proxy.nodeName;
    if (name === undefined) return;
    const shrunkAtMs = reason === "surplusLasted" ? this.#options.clock.nowMs() : undefined;
    this.#apply(name, { kind: "sent", size, shrunkAtMs });
    logger.debug({ node: name, from: proxy.requests, to: size, reason }, "resizing");
    this.#track(this.#deliver(proxy, name, plan));
  }

  async #deliver(proxy: ProxyPod, name: NodeName, { size, reason }: Sendable): Promise<void> {
    const { metrics, clock, logger } = this.#options;
    const outcome = await this.#resize(proxy, name, { size, reason });
    metrics.resized(outcome.kind, GROWTH.has(reason) ? "grow" : "shrink");
    const nowMs = clock.nowMs();
    switch (outcome.kind) {
      case "accepted":
        this.#remember(name, proxy, { requests: size, pendingResize: undefined });
        this.#changes.set(name, { atMs: nowMs, size, reason });
        return this.#answered(name, { kind: "accepted" });
      case "refused":
        logger.warn({ node: name, size, error: outcome.message }, "resize refused");
        this.#tell(proxy, "ProxyResizeRefused", `${sizeText(size)}: ${outcome.message}`);
        return this.#answered(name, { kind: "refused", size, nowMs });
      case "failed":
        logger.warn({ node: name, error: outcome.message }, "resize failed");
        this.#apply(name, { kind: "accepted" });
        return this.#lookAgain(name, nowMs + RETRY_MS);
      case "gone":
        return this.#answered(name, { kind: "accepted" });
    }
  }

  // What the proxy loses is taken from its apps first; without that answer it keeps its size.
  async #resize(
    proxy: ProxyPod,
    name: NodeName,
    { size, reason }: Omit<Sendable, "kind">,
  ): Promise<ResizeOutcome> {
    const { resizer, subject } = this.#options;
    if (!GROWTH.has(reason)) {
      const told = await subject.shares?.beforeShrinking(proxy, size);
      if (told?.outcome.kind === "accepted") this.#remember(name, proxy, { shares: told.shares });
      else if (told !== undefined) return told.outcome;
    }
    return resizer.resize(proxy, size);
  }

  #answered(name: NodeName, event: ResizeEvent): void {
    this.#apply(name, event);
    if (event.kind !== "accepted") this.markDirty(name);
  }

  #lookAgain(name: NodeName, atMs: number | undefined): void {
    this.#alarms.get(name)?.();
    this.#alarms.delete(name);
    if (atMs === undefined) return;
    const { clock } = this.#options;
    this.#alarms.set(
      name,
      clock.after(atMs - clock.nowMs(), () => this.markDirty(name)),
    );
  }

  #apply(name: NodeName, event: ResizeEvent): void {
    this.#states.set(name, nextResizeState(this.#stateOf(name), event));
  }

  #stateOf(name: NodeName): ResizeState {
    return this.#states.get(name) ?? SETTLED;
  }

  #tell({ namespace, name, uid }: ProxyPod, reason: RecommenderEventReason, message: string): void {
    const subject = { apiVersion: "v1", kind: "Pod", namespace, name, uid };
    this.#options.events.record(recommenderEvent(reason, { subject, message }));
  }

  // The time in which the pods that are on a node call for more than its proxy has been granted; nominated ones are not.
  #watchShortfall(name: NodeName, current: Resources, nowMs: number): void {
    const sinceMs = this.#shortSinceMs.get(name);
    if (this.#options.subject.isShort(name, current)) {
      if (sinceMs === undefined) this.#shortSinceMs.set(name, nowMs);
    } else if (sinceMs !== undefined) {
      this.#shortSinceMs.delete(name);
      this.#options.metrics.shortfallEnded((nowMs - sinceMs) / 1000);
    }
  }
}

type Sendable = Extract<ResizePlan, { kind: "resize" }>;

const GROWTH: ReadonlySet<Sendable["reason"]> = new Set(["appsJoined", "loadRose", "headroomUsed"]);

function sized(
  { uid, pendingResize, requests, allocated }: ProxyPod,
  next: ProxyPod | undefined,
): SizedProxy {
  const isInfeasible = pendingResize === "Infeasible";
  return {
    uid,
    current: isInfeasible ? allocated : requests,
    infeasible: isInfeasible ? requests : undefined,
    next,
  };
}

// A bound that is none is infinite.
function finite(max: Resources | undefined): Partial<Resources> {
  return Object.fromEntries(Object.entries(max ?? {}).filter(([, amount]) => Number.isFinite(amount)));
}

function conditionsOf(
  { pendingResize }: ProxyPod,
  { required, current }: PlannedSituation,
): ExplainedRecommendation["conditions"] {
  const pending = pendingResize === undefined ? [] : [pendingResize];
  return isWithin(required, current) ? pending : ["Short", ...pending];
}

function sizeText({ cpuMilli, memoryBytes }: Resources): string {
  return `${formatCpu(cpuMilli)} CPU and ${formatMemory(memoryBytes)}`;
}
