// Feedback: measured usage corrects each node's model. Every interval the proxies' usage is read once, added to each
// node's estimate, and corrections that moved enough are published on the proxy pods.

import type { NodeName } from "#model/brand.ts";
import type { ClusterLedger } from "#model/ledger.ts";
import type { KubeConnection } from "#kube/connection.ts";
import type { Cancel, Clock } from "#runtime/clock.ts";
import type { Logger } from "#runtime/logger.ts";
import { isWorthPublishing } from "../policy/correction-change.ts";
import type { SizingModel } from "../policy/sizing-model.ts";
import type { ProxyPod } from "./proxy-pod.ts";
import type { RecommenderMetrics } from "./recommender-metrics.ts";
import type { Resizer } from "./resizer.ts";
import type { SizingLoop } from "./sizing-loop.ts";
import { type PodUsage, readProxyUsage } from "./usage-source.ts";

export interface UsageLoopOptions {
  readonly connection: KubeConnection;
  readonly ledger: ClusterLedger;
  readonly model: SizingModel;
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
    this.#options.model.forgetNode(node);
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
      const used = new Map(usage.map((pod) => [`${pod.namespace}/${pod.name}`, pod]));
      metrics.usageRead("ok");
      await this.#learn(used);
    } catch (error) {
      // Without usage the corrections stay as they are; the metric tells for how long.
      metrics.usageRead("failed");
      logger.warn({ error: (error as Error).message }, "usage not read");
    }
  }

  async #learn(usage: ReadonlyMap<string, PodUsage>): Promise<void> {
    const { sizing, ledger, clock, model } = this.#options;
    const nowMs = clock.nowMs();
    for (const proxy of sizing.proxies()) {
      const measured = usage.get(`${proxy.namespace}/${proxy.name}`);
      if (measured !== undefined) this.#observe(proxy, measured, nowMs);
    }
    model.refreshFleet(nowMs);
    const writes: Promise<unknown>[] = [];
    for (const proxy of sizing.proxies()) {
      const node = proxy.nodeName === undefined ? undefined : ledger.node(proxy.nodeName);
      const estimate = node && model.correctionOf(node.name, nowMs);
      if (node === undefined || estimate === undefined || !isWorthPublishing(node.correction, estimate))
        continue;
      writes.push(this.#options.resizer.publishCorrection(proxy, estimate));
    }
    await Promise.all(writes);
  }

  #observe(proxy: ProxyPod, { used, timeMs }: PodUsage, nowMs: number): void {
    const { ledger, model, metrics, sizing } = this.#options;
    const node = proxy.nodeName === undefined ? undefined : ledger.node(proxy.nodeName);
    if (node === undefined || nowMs - (this.#changedAtMs.get(node.name) ?? 0) < WARM_UP_MS) return;
    const reading = { used, timeMs: timeMs ?? nowMs, limit: proxy.limits };
    const fault = model.observe(node, reading, { nowMs, priorOf: (app) => ledger.profile(app).cost });
    if (fault !== undefined) return metrics.usageLeftOut(fault);
    sizing.markDirty(node.name);
  }
}
