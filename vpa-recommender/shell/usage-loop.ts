// Feedback: measured usage corrects each node's model. Every interval the proxies' usage is read once, added to each
// node's estimate, and corrections that moved enough are published on the proxy pods.

import type { AppName, NodeName } from "#model/brand.ts";
import type { ClusterLedger } from "#model/ledger.ts";
import { type UnitCost, unitCost } from "#model/mesh-cost.ts";
import { DEFAULT_APP_COST } from "#model/mesh-profile.ts";
import { equalResources, type Resources } from "#model/resources.ts";
import type { KubeConnection } from "#kube/connection.ts";
import type { Cancel, Clock } from "#runtime/clock.ts";
import type { Logger } from "#runtime/logger.ts";
import { isWorthPublishing } from "../policy/correction-change.ts";
import type { NodeReading, SizingModel } from "../policy/sizing-model.ts";
import type { ProxyUsage } from "../policy/usage-difference.ts";
import type { CostPublisher } from "./cost-publisher.ts";
import type { InstanceSource } from "./instance-source.ts";
import type { LatestUsage } from "./latest-usage.ts";
import type { ProxyPod } from "./proxy-pod.ts";
import type { RecommenderMetrics } from "./recommender-metrics.ts";
import type { Resizer } from "./resizer.ts";
import type { SizingLoop } from "./sizing-loop.ts";
import { type PodUsage, readProxyUsage } from "./usage-source.ts";
import type { FirstAttempts } from "./first-attempts.ts";

export interface UsageLoopOptions {
  readonly connection: KubeConnection;
  readonly ledger: ClusterLedger;
  readonly model: SizingModel;
  readonly sizing: SizingLoop;
  readonly resizer: Resizer;
  readonly instances: InstanceSource;
  readonly costs: CostPublisher;
  /** Told of every reading, for people who ask. */
  readonly latest?: Pick<LatestUsage, "set" | "forget"> | undefined;
  /** The past, which is read before the first reading of now; undefined where it is not kept. */
  readonly past?: FirstAttempts | undefined;
  /** The platform's caps of single apps. */
  readonly capOf: (proxy: ProxyPod, app: AppName) => Partial<Resources>;
  readonly clock: Clock;
  readonly intervalMs: number;
  /** Usage that was measured so soon after pods came or went does not show them yet. */
  readonly warmUpMs: number;
  readonly metrics: RecommenderMetrics;
  readonly logger: Logger;
  readonly mayAct: () => boolean;
}

export class UsageLoop {
  readonly #options: UsageLoopOptions;
  readonly #unitCosts = new Map<AppName, UnitCost>();
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

  /** The app's costs may have changed: what its nodes were seen to need is held against them from now on. */
  profileChanged(app: AppName): void {
    const { ledger, model } = this.#options;
    const after = ledger.unitCost(app);
    const before = this.#unitCosts.get(app) ?? unitCost(DEFAULT_APP_COST);
    this.#unitCosts.set(app, after);
    if (equalResources(before.base, after.base) && equalResources(before.perPod, after.perPod)) return;
    for (const node of ledger.nodesOfApp(app))
      model.recost(node, { before, after, pods: node.appPods.get(app) ?? 0 });
  }

  nodeGone(node: NodeName): void {
    this.#options.model.forgetNode(node);
    this.#options.latest?.forget(node);
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
    const { mayAct, past } = this.#options;
    // Another one may learn meanwhile: what that one keeps is read once we may again.
    if (!mayAct()) return past?.begin();
    if (past !== undefined && !(await past.isOver())) return;
    const stop = this.#options.metrics.usageRoundStarted();
    const [totals, instances] = await Promise.all([this.#readTotals(), this.#askProxies()]);
    const hasUsage = totals !== undefined || instances.size > 0;
    if (hasUsage) this.#learn(totals ?? NO_TOTALS, instances);
    stop();
    if (hasUsage) await this.#publish();
  }

  async #readTotals(): Promise<Totals | undefined> {
    const { connection, logger, metrics } = this.#options;
    try {
      const usage = await readProxyUsage(connection);
      metrics.usageRead("ok");
      return new Map(usage.map((pod) => [`${pod.namespace}/${pod.name}`, pod]));
    } catch (error) {
      // Without usage the corrections stay as they are; the metric tells for how long.
      metrics.usageRead("failed");
      logger.warn({ error: (error as Error).message }, "usage not read");
      return undefined;
    }
  }

  async #askProxies(): Promise<ReadonlyMap<string, ProxyUsage>> {
    const { sizing, ledger, instances, logger, metrics } = this.#options;
    const answers = new Map<string, ProxyUsage>();
    if (!instances.isOn) return answers;
    const proxies = [...sizing.proxies()];
    instances.keep(new Set(proxies.map(({ uid }) => uid)));
    await Promise.all(
      proxies.map(async (proxy) => {
        const node = proxy.nodeName === undefined ? undefined : ledger.node(proxy.nodeName);
        if (node === undefined) return;
        try {
          const usage = await instances.read(proxy, node.proxyBase);
          metrics.proxyAsked("ok");
          if (usage !== undefined) answers.set(proxy.uid, usage);
        } catch (error) {
          metrics.proxyAsked("failed");
          logger.debug({ node: node.name, error: (error as Error).message }, "proxy not asked");
        }
      }),
    );
    return answers;
  }

  #learn(totals: Totals, instances: ReadonlyMap<string, ProxyUsage>): void {
    const { sizing, clock, model } = this.#options;
    const nowMs = clock.nowMs();
    for (const proxy of sizing.proxies()) {
      const total = totals.get(`${proxy.namespace}/${proxy.name}`);
      const own = instances.get(proxy.uid);
      if (own !== undefined) this.#observe(proxy, { ...own, timeMs: nowMs }, nowMs);
      else if (total !== undefined)
        this.#observe(proxy, { used: total.used, timeMs: total.timeMs ?? nowMs }, nowMs);
    }
    model.refreshFleet(nowMs);
  }

  async #publish(): Promise<void> {
    const { sizing, ledger, clock, model, costs, resizer } = this.#options;
    const nowMs = clock.nowMs();
    const writes: Promise<unknown>[] = [costs.publish(nowMs)];
    for (const proxy of sizing.proxies()) {
      const node = proxy.nodeName === undefined ? undefined : ledger.node(proxy.nodeName);
      const estimate = node && model.correctionOf(node.name, nowMs);
      if (node === undefined || estimate === undefined) continue;
      if (isWorthPublishing(node.correction, estimate))
        writes.push(resizer.publishCorrection(proxy, estimate));
    }
    await Promise.all(writes);
  }

  #observe(proxy: ProxyPod, reading: Omit<NodeReading, "limit">, nowMs: number): void {
    const { ledger, model, metrics, sizing, warmUpMs, capOf, latest } = this.#options;
    const node = proxy.nodeName === undefined ? undefined : ledger.node(proxy.nodeName);
    if (node === undefined) return;
    const { timeMs, used, instances } = reading;
    latest?.set(node.name, { timeMs, used, instances });
    if (nowMs - (this.#changedAtMs.get(node.name) ?? 0) < warmUpMs) return;
    const fault = model.observe(
      node,
      { ...reading, limit: proxy.limits },
      {
        nowMs,
        priorOf: (app) => ledger.profile(app).cost,
        cpuMilliMaxOf: (app) =>
          Math.min(ledger.profile(app).quota.cpuMilli ?? Infinity, capOf(proxy, app).cpuMilli ?? Infinity),
      },
    );
    if (fault !== undefined) return metrics.usageLeftOut(fault);
    sizing.markDirty(node.name);
  }
}

type Totals = ReadonlyMap<string, PodUsage>;

const NO_TOTALS: Totals = new Map();
