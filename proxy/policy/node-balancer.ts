// Which node gets the next request to a Service: the own one if it hosts the app, else the better of two drawn at random
// (Mitzenmacher, "The power of two choices", 1996) by peak EWMA, the measure of Finagle and linkerd: what a request costs
// there, rising at once and falling slowly, times the requests in progress. One of the two is drawn from the own zone,
// and another zone counts twice as much, so that zones are left only for a clearly better node. A node that fails several
// times in a row is left out for a while (outlier ejection), but never more than half of them.

import type { ServiceNode } from "./service-nodes.ts";

/** How a request to a node ended. answered: whatever it said, the node's proxy and the app are reached. */
export type NodeOutcome = "answered" | "failed" | "abandoned";

/** A node that takes requests; handed out by `choose` and given back by `ended`. */
export interface BalancedNode {
  readonly node: ServiceNode;
  readonly inFlight: number;
  /** Milliseconds to the head of an answer; 0 until the first one. */
  readonly costMs: number;
}

/** Weighs what was measured e-fold less; linkerd's default. */
const DECAY_MS = 10_000;
const OTHER_ZONE_FACTOR = 2;
/** Nothing is known of a node that has requests in progress and no answer yet: it gets no more while others answer. */
const UNKNOWN_COST_MS = 10_000;
/** Envoy's defaults: consecutive failures, and the first time out; longer with each further time. */
const FAILURES_MAX = 5;
const EJECTION_MS = 10_000;
const EJECTION_MS_MAX = 300_000;
const EJECTED_SHARE_MAX = 0.5;

export class NodeBalancer {
  #nodes: readonly Candidate[] = [];

  /** Replaces the set; what is known of nodes that stay is kept. */
  update(nodes: readonly ServiceNode[]): void {
    const known = new Map(this.#nodes.map((candidate) => [candidate.node.address, candidate]));
    this.#nodes = nodes.map((node) => {
      const candidate = known.get(node.address);
      if (candidate === undefined) return newCandidate(node);
      candidate.node = node;
      return candidate;
    });
  }

  get size(): number {
    return this.#nodes.length;
  }

  /**
   * Counts the request as in progress on the node until `ended`.
   *
   * @param besides addresses that were tried for this request already.
   * @returns undefined if there is no node.
   */
  choose({ nowMs, random, besides }: ChoiceContext): BalancedNode | undefined {
    const candidates = this.#usable(nowMs, besides);
    const own = candidates.find(({ node }) => node.place === "ownNode");
    const chosen = own ?? betterOfTwo(candidates, { nowMs, random });
    if (chosen === undefined) return undefined;
    chosen.inFlight += 1;
    return chosen;
  }

  ended(balanced: BalancedNode, outcome: NodeOutcome, { nowMs, latencyMs }: Ending): void {
    const candidate = balanced as Candidate;
    candidate.inFlight -= 1;
    // A client that went away says nothing of the node.
    if (outcome === "abandoned") return;
    if (outcome === "answered") {
      candidate.failures = 0;
      if (nowMs >= candidate.ejectedUntilMs + EJECTION_MS_MAX) candidate.ejections = 0;
      observe(candidate, latencyMs, nowMs);
      return;
    }
    candidate.failures += 1;
    if (candidate.failures < FAILURES_MAX) return;
    candidate.ejections += 1;
    candidate.ejectedUntilMs = nowMs + Math.min(EJECTION_MS_MAX, EJECTION_MS * candidate.ejections);
    // Once it is back, one more failure is enough.
    candidate.failures = FAILURES_MAX - 1;
  }

  /** Those that are left out now. */
  ejected(nowMs: number): number {
    return this.#nodes.filter(({ ejectedUntilMs }) => ejectedUntilMs > nowMs).length;
  }

  /** Terminating nodes only where no other is ready, ejected ones only where too many are. */
  #usable(nowMs: number, besides: ReadonlySet<string> | undefined): readonly Candidate[] {
    const untried =
      besides === undefined ? this.#nodes : this.#nodes.filter(({ node }) => !besides.has(node.address));
    const ready = untried.filter(({ node }) => node.state === "ready");
    const serving = ready.length > 0 ? ready : untried;
    const healthy = serving.filter(({ ejectedUntilMs }) => ejectedUntilMs <= nowMs);
    return healthy.length >= serving.length * (1 - EJECTED_SHARE_MAX) && healthy.length > 0
      ? healthy
      : serving;
  }
}

interface ChoiceContext {
  readonly nowMs: number;
  /** From 0 to 1, 1 excluded. */
  readonly random: () => number;
  readonly besides?: ReadonlySet<string>;
}

interface Ending {
  readonly nowMs: number;
  /** To the head of the answer. */
  readonly latencyMs: number;
}

interface Candidate extends BalancedNode {
  node: ServiceNode;
  inFlight: number;
  costMs: number;
  measuredMs: number;
  failures: number;
  ejections: number;
  ejectedUntilMs: number;
}

function newCandidate(node: ServiceNode): Candidate {
  const unknown = { costMs: 0, measuredMs: 0, ejectedUntilMs: -Infinity };
  return { node, inFlight: 0, failures: 0, ejections: 0, ...unknown };
}

function betterOfTwo(
  candidates: readonly Candidate[],
  { nowMs, random }: Pick<ChoiceContext, "nowMs" | "random">,
): Candidate | undefined {
  const near = candidates.filter(({ node }) => node.place === "ownZone");
  const one = drawn(near.length > 0 ? near : candidates, random);
  const other = drawn(
    candidates.filter((candidate) => candidate !== one),
    random,
  );
  if (one === undefined || other === undefined) return one;
  const isZoned = near.length > 0;
  return loadOf(other, nowMs, isZoned) < loadOf(one, nowMs, isZoned) ? other : one;
}

function drawn(candidates: readonly Candidate[], random: () => number): Candidate | undefined {
  return candidates[Math.floor(random() * candidates.length)];
}

function loadOf(candidate: Candidate, nowMs: number, isZoned: boolean): number {
  const { inFlight, costMs, node } = candidate;
  const factor = isZoned && node.place === "elsewhere" ? OTHER_ZONE_FACTOR : 1;
  if (costMs === 0) return inFlight === 0 ? 0 : factor * UNKNOWN_COST_MS * inFlight;
  return factor * decayed(candidate, nowMs) * (inFlight + 1);
}

/** What is old counts less, so that a node that was slow once is tried again. */
function decayed({ costMs, measuredMs }: Candidate, nowMs: number): number {
  return costMs * Math.exp(-Math.max(0, nowMs - measuredMs) / DECAY_MS);
}

function observe(candidate: Candidate, latencyMs: number, nowMs: number): void {
  const sample = Math.max(latencyMs, MEASURABLE_MS);
  const weight = Math.exp(-Math.max(0, nowMs - candidate.measuredMs) / DECAY_MS);
  candidate.costMs = sample > candidate.costMs ? sample : candidate.costMs * weight + sample * (1 - weight);
  candidate.measuredMs = nowMs;
}

/** 0 stands for a node that never answered. */
const MEASURABLE_MS = 0.01;
