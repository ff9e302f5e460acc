// Upstream VPA as it would size the proxies: its recommender (our estimator, which test/oracle/vpa holds to upstream's own
// packages) with one histogram for the whole DaemonSet, or one per node as AEP-10031 proposes; and its updater's rule
// for pods that may be resized in place (pkg/updater/priority, 1.8), without evictions.

import { equalResources, type Resources } from "#model/resources.ts";
import {
  type ContainerRecommendation,
  vpaRecommendation,
} from "#vpa-recommender/policy/vpa-recommendation.ts";
import { WorkloadHistory } from "#vpa-recommender/policy/workload-history.ts";
import type { NodeObservation, NodeOccasion, SizingPolicy } from "#sim/sizing/sizing-policy.ts";

const CONTAINER = "proxy";
const MINUTE_MS = 60_000;
const COLLECT_EVERY_MS = 3_600_000;
/** The updater leaves a pod that is inside its bounds alone for so long after its start. */
const LIFETIME_MIN_MS = 12 * 3_600_000;
/** And unless this much would change, both resources together. */
const CHANGE_MIN = 0.1;

export class VpaPolicy implements SizingPolicy {
  readonly name: string;
  readonly #historyOf: (node: number) => WorkloadHistory;
  readonly #sizes: Resources[];
  readonly #isNodeKnown: boolean[];
  readonly #recommendations = new Map<
    WorkloadHistory,
    { atMs: number; only: ContainerRecommendation | undefined }
  >();
  #startedMs: number | undefined;
  #collectedMs = 0;

  static wholeDaemonSet(nodes: number, template: Resources): VpaPolicy {
    const history = new WorkloadHistory();
    return new VpaPolicy("vpa", { nodes, template, historyOf: () => history });
  }

  static perNode(nodes: number, template: Resources): VpaPolicy {
    const histories = Array.from({ length: nodes }, () => new WorkloadHistory());
    return new VpaPolicy("vpaPerNode", {
      nodes,
      template,
      historyOf: (node) => histories[node] as WorkloadHistory,
    });
  }

  private constructor(name: string, { nodes, template, historyOf }: VpaOptions) {
    this.name = name;
    this.#historyOf = historyOf;
    this.#sizes = Array.from({ length: nodes }, () => template);
    this.#isNodeKnown = Array.from({ length: nodes }, () => false);
  }

  decide({ node, timeMs, ceiling }: NodeOccasion): Resources {
    this.#startedMs ??= timeMs;
    const present = this.#sizes[node] as Resources;
    const only = this.#recommendation(this.#historyOf(node), timeMs);
    if (only === undefined || !isUpdated(present, only, timeMs - this.#startedMs)) return present;
    const size = {
      cpuMilli: Math.min(ceiling.cpuMilli, only.target.cpuMilli ?? 0),
      memoryBytes: Math.min(ceiling.memoryBytes, only.target.memoryBytes ?? 0),
    };
    this.#sizes[node] = size;
    return size;
  }

  observe({ node, timeMs, used, wasOomKilled }: NodeObservation): void {
    const history = this.#historyOf(node);
    const pod = `node-${node}`;
    if (this.#isNodeKnown[node] !== true) {
      history.podSeen(pod, { group: "", containers: [CONTAINER], nowMs: timeMs });
      this.#isNodeKnown[node] = true;
    }
    history.add({ pod, container: CONTAINER, timeMs, ...used });
    const requestedBytes = (this.#sizes[node] as Resources).memoryBytes;
    if (wasOomKilled) history.addOom({ pod, container: CONTAINER, timeMs, requestedBytes });
    if (timeMs - this.#collectedMs < COLLECT_EVERY_MS) return;
    history.collectGarbage(timeMs);
    this.#collectedMs = timeMs;
  }

  #recommendation(history: WorkloadHistory, timeMs: number): ContainerRecommendation | undefined {
    const known = this.#recommendations.get(history);
    if (known !== undefined && timeMs - known.atMs < MINUTE_MS) return known.only;
    const [only] = vpaRecommendation(history.byContainer(timeMs), { policies: [] });
    this.#recommendations.set(history, { atMs: timeMs, only });
    return only;
  }
}

interface VpaOptions {
  readonly nodes: number;
  readonly template: Resources;
  readonly historyOf: (node: number) => WorkloadHistory;
}

function isUpdated(present: Resources, only: ContainerRecommendation, ageMs: number): boolean {
  const { target, lowerBound, upperBound } = only;
  const resources = ["cpuMilli", "memoryBytes"] as const;
  const isOutside = resources.some(
    (resource) =>
      present[resource] < (lowerBound[resource] ?? 0) ||
      present[resource] > (upperBound[resource] ?? Infinity),
  );
  const change = resources.reduce(
    (sum, resource) =>
      sum + Math.abs(present[resource] - (target[resource] ?? 0)) / Math.max(1, present[resource]),
    0,
  );
  if (equalResources(present, { cpuMilli: 0, memoryBytes: 0, ...target })) return false;
  return isOutside || (ageMs >= LIFETIME_MIN_MS && change >= CHANGE_MIN);
}
