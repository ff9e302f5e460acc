// Feedback: measured usage corrects each node's model. Every interval the proxies' usage is read once, added to each
// node's estimate, and corrections that moved enough are published on the proxy pods.

import type { NodeName } from "#model/brand.ts";
import type { ClusterLedger } from "#model/ledger.ts";
import type { KubeConnection } from "#kube/connection.ts";
import type { Cancel, Clock } from "#runtime/clock.ts";
import type { Logger } from "#runtime/logger.ts";
import { CorrectionEstimator, isWorthPublishing } from "../policy/correction-estimator.ts";
import type { RecommenderMetrics } from "./recommender-metrics.ts";
import type { Resizer } from "./resizer.ts";
import type { SizingLoop } from "./sizing-loop.ts";
import { readProxyUsage } from "./usage-source.ts";

export interface UsageLoopOptions {
  readonly connection: KubeConnection;
  readonly ledger: ClusterLedger;
  readonly sizing: SizingLoop;
  readonly resizer: Resizer;
  readonly clock: Clock;
  readonly intervalMs: number;
  readonly metrics: RecommenderMetrics;
  readonly logger: Logger;
  readonly mayAct: () => boolean;
}

/** Usage that was measured so soon after pods came or went does not show them yet. */
const WARM_UP_MS = 60_000;

export class UsageLoop {
  readonly #options: UsageLoopOptions;
  readonly #estimators = new Map<NodeName, CorrectionEstimator>();
  readonly #changedAtMs = new Map<NodeName, number>();
  #cancel: Cancel = () => undefined;
  #reading: Promise<void> = Promise.resolve();
  #isStopped = false;

  constructor(options: UsageLoopOptions) {
    this.#options = options;
  }

  start(): void {
    const { clock, intervalMs } = this.#options;
    this.#cancel = clock.after(intervalMs, () => {
      this.#reading = this.#readAndGoOn();
    });
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancel();
  }

  /** The pods on the node changed. */
  podsChanged(node: NodeName): void {
    this.#changedAtMs.set(node, this.#options.clock.nowMs());
  }

  nodeGone(node: NodeName): void {
    this.#estimators.delete(node);
    this.#changedAtMs.delete(node);
  }

  /** Resolves when no reading is underway. */
  async settle(): Promise<void> {
    await this.#reading;
  }

  // The next interval begins when a reading is over, so that a slow API is not read twice at once.
  async #readAndGoOn(): Promise<void> {
    await this.#read();
    if (!this.#isStopped) this.start();
  }

  async #read(): Promise<void> {
    const { connection, logger, metrics } = this.#options;
    if (!this.#options.mayAct()) return;
    try {
      const usage = await readProxyUsage(connection);
      const used = new Map(usage.map((pod) => [`${pod.namespace}/${pod.name}`, pod.used]));
      metrics.usageRead("ok");
      await this.#learn(used);
    } catch (error) {
      // Without usage the corrections stay as they are; the metric tells for how long.
      metrics.usageRead("failed");
      logger.warn({ error: (error as Error).message }, "usage not read");
    }
  }

  async #learn(used: ReadonlyMap<string, { cpuMilli: number; memoryBytes: number }>): Promise<void> {
    const { sizing, ledger, clock, resizer } = this.#options;
    const timeMs = clock.nowMs();
    const writes: Promise<unknown>[] = [];
    for (const proxy of sizing.proxies()) {
      const node = proxy.nodeName === undefined ? undefined : ledger.node(proxy.nodeName);
      const sample = used.get(`${proxy.namespace}/${proxy.name}`);
      if (node === undefined || sample === undefined) continue;
      if (timeMs - (this.#changedAtMs.get(node.name) ?? 0) < WARM_UP_MS) continue;
      const estimator = this.#estimatorOf(node.name);
      estimator.add({ used: sample, proxyBase: node.proxyBase, modelCost: node.modelCost, timeMs });
      const estimate = estimator.estimate();
      if (estimate === undefined || !isWorthPublishing(node.correction, estimate)) continue;
      writes.push(resizer.publishCorrection(proxy, estimate));
    }
    await Promise.all(writes);
  }

  #estimatorOf(node: NodeName): CorrectionEstimator {
    const known = this.#estimators.get(node);
    if (known !== undefined) return known;
    const estimator = new CorrectionEstimator();
    this.#estimators.set(node, estimator);
    return estimator;
  }
}
