// The recommender's loops on a loopback API with a simulated kubelet: two nodes of 4 cores and 8 GiB, each with a proxy
// of 150m and 192 MiB (base 100m and 128 MiB), and apps that cost 50m and 100 MiB, and 10m and 10 MiB for each pod.

import { setImmediate } from "node:timers/promises";
import { APP_LABEL } from "#model/app.ts";
import type { Shares } from "#model/shares.ts";
import { ClusterLedger } from "#model/ledger.ts";
import { ClusterCache } from "#kube/cluster-cache.ts";
import { KubeApiError } from "#kube/api-error.ts";
import type { RecordedEvent } from "#kube/event-series.ts";
import { KubeConnection } from "#kube/connection.ts";
import type { Reflector } from "#kube/reflector.ts";
import { systemClock } from "#runtime/clock.ts";
import { silentLogger } from "#runtime/logger.ts";
import { VirtualClock } from "#runtime/virtual-clock.ts";
import type { JsonObject } from "#sim/loopback/json.ts";
import type { KubeObject } from "#sim/loopback/kube-object.ts";
import { SimulatedKubelet } from "#sim/loopback/kubelet.ts";
import { LoopbackApi } from "#sim/loopback/loopback-api.ts";
import { DEFAULT_PLANNER_OPTIONS } from "../policy/resize-planner.ts";
import { SizingModel } from "../policy/sizing-model.ts";
import { CostPublisher } from "../shell/cost-publisher.ts";
import { InstanceSource } from "../shell/instance-source.ts";
import { LatestUsage } from "../shell/latest-usage.ts";
import { PrometheusClient } from "../shell/prometheus-client.ts";
import { markChanged } from "../shell/mark-changed.ts";
import type { ProxyPod } from "../shell/proxy-pod.ts";
import type { StateKeeper } from "../shell/state-keeper.ts";
import { watchProxies } from "../shell/proxy-watch.ts";
import { createRecommenderMetrics, type RecommenderMetrics } from "../shell/recommender-metrics.ts";
import { ResizeSupport } from "../shell/resize-support.ts";
import { Resizer } from "../shell/resizer.ts";
import type { AutoscalerKeeper } from "../shell/autoscaler-keeper.ts";
import { AutoscalerBook } from "../shell/autoscaler-book.ts";
import { NodeCensus } from "../shell/node-census.ts";
import { MeshSubject } from "../shell/mesh-subject.ts";
import { SizingLoop } from "../shell/sizing-loop.ts";
import { WriteBudget } from "../shell/write-budget.ts";
import { UsageLoop } from "../shell/usage-loop.ts";
import { bedKeeper, noResize } from "./bed-keeper.ts";
import { bedPast } from "./bed-past.ts";
import {
  affinityTo,
  anew,
  appPodObject,
  correctionOf,
  kindOfPatch,
  PROXY_BASE_ANNOTATIONS,
  proxyPodObject,
  quantitiesOf,
  ROUND_COST,
  sharesOf,
  SMALL,
  TEMPLATE,
} from "./bed-objects.ts";

const PROXY_NAMESPACE = "berth-system";
const START_DELAY_MS = 1_000;
const RESIZE_DELAY_MS = 500;
export const USAGE_INTERVAL_MS = 60_000;
const WARM_UP_MS = 60_000;

export interface BedOptions {
  /** Limits of the proxies' containers. */
  readonly limits?: JsonObject;
  /** Below 1, meets every resize with a fault: under 0.5 Infeasible, else deferred for 30 s. */
  readonly fault?: () => number;
  /** 0 by default: most tests are about where sizes end, not about when headroom comes. */
  readonly headroomDelayMs?: number;
  /** Where the proxies' past is read from at the start. */
  readonly prometheusAddress?: string;
  /** Learned state is kept in the cluster, and these ConfigMaps are there at the start. */
  readonly state?: readonly KubeObject[];
  readonly startMs?: number;
  /** False: the API server has no pods/resize. */
  readonly hasResize?: boolean;
}

export class RecommenderBed implements AsyncDisposable {
  readonly clock: VirtualClock;
  readonly api: LoopbackApi;
  readonly ledger = new ClusterLedger();
  readonly model = new SizingModel();
  readonly autoscalers = new AutoscalerBook();
  readonly census = new NodeCensus();
  readonly latest = new LatestUsage();
  readonly metrics: RecommenderMetrics;
  /** What was written to proxies, in order. */
  readonly patches: ("resize" | "shares" | "correction")[] = [];
  readonly events: RecordedEvent[] = [];
  readonly #kubelet: SimulatedKubelet;
  #connection: KubeConnection | undefined;
  #loops: Loops | undefined;
  readonly #limits: JsonObject | undefined;
  readonly #headroomDelayMs: number;
  readonly #prometheus: PrometheusClient | undefined;
  readonly #keepsState: boolean;
  readonly #hasResize: boolean;
  #state: StateKeeper | undefined;
  #resizesToFail = 0;

  static async start(options: BedOptions = {}): Promise<RecommenderBed> {
    const bed = new RecommenderBed(options);
    await bed.#start();
    return bed;
  }

  constructor(options: BedOptions) {
    const { limits, fault = () => 1, headroomDelayMs = 0, prometheusAddress: address, state } = options;
    const { startMs = Date.UTC(2026, 0, 1), hasResize = true } = options;
    this.#prometheus =
      address === undefined ? undefined : new PrometheusClient({ address, queryMsMax: 5_000 });
    this.#limits = limits;
    this.#headroomDelayMs = headroomDelayMs;
    this.#keepsState = state !== undefined;
    this.#hasResize = hasResize;
    this.clock = new VirtualClock(startMs);
    this.api = new LoopbackApi({ clock: this.clock, serverClock: systemClock() });
    this.metrics = createRecommenderMetrics(() => this.#running.sizing.recommendations());
    this.#kubelet = new SimulatedKubelet({
      store: this.api.store,
      clock: this.clock,
      random: fault,
      faults: { resizeFaultRatio: 0.999 },
      startDelayMs: START_DELAY_MS,
      resizeDelayMs: RESIZE_DELAY_MS,
    });
    this.api.store.create("namespaces", { metadata: { name: PROXY_NAMESPACE } });
    for (const object of state ?? []) this.api.store.create("configmaps", anew(object));
    for (const name of ["node-1", "node-2"]) {
      const allocatable = { cpu: "4", memory: "8Gi", pods: "110" };
      this.api.store.create("nodes", { metadata: { name }, status: { allocatable } });
      this.createProxy(name, `proxy-on-${name}`);
    }
  }

  get sizing(): SizingLoop {
    return this.#running.sizing;
  }

  get costs(): CostPublisher {
    return this.#running.costs;
  }

  /** Writes all that was learned, and answers the objects that hold it. */
  async savedState(): Promise<readonly KubeObject[]> {
    const before = new Set<number>();
    do {
      before.add(this.api.store.resourceVersion);
      await this.#state?.save();
    } while (!before.has(this.api.store.resourceVersion));
    return this.api.store.list("configmaps");
  }

  get keeper(): AutoscalerKeeper {
    return this.#running.keeper;
  }

  createProxy(node: string, name: string): void {
    this.#createProxy(name, TEMPLATE, { nodeName: node });
  }

  /** As a DaemonSet's surge does: it is for node-1 and waits until kube-scheduler finds room for it there. */
  createWaitingProxy(name: string, requests: JsonObject = TEMPLATE): void {
    this.#createProxy(name, requests, { affinity: affinityTo("node-1") });
  }

  bindProxy(name: string): void {
    const pod = this.proxy(name);
    this.api.store.update("pods", { ...pod, spec: { ...pod.spec, nodeName: "node-1" } });
  }

  #createProxy(name: string, requests: JsonObject, spec: JsonObject): void {
    const resources = { requests, ...(this.#limits !== undefined && { limits: this.#limits }) };
    this.api.store.create("pods", proxyPodObject({ name, namespace: PROXY_NAMESPACE, resources, spec }));
  }

  /** Adds annotations to those the proxy on node-1 was created with, and takes earlier ones away. */
  annotateProxy(added: Readonly<Record<string, string>>): void {
    const pod = this.proxy();
    const annotations = { ...PROXY_BASE_ANNOTATIONS, ...added };
    this.api.store.update("pods", { ...pod, metadata: { ...pod.metadata, annotations } });
  }

  /** The next resizes are answered as by an API server that is overloaded. */
  failResizes(count: number): void {
    this.#resizesToFail = count;
  }

  deleteProxy(name: string): void {
    this.api.store.delete("pods", { namespace: PROXY_NAMESPACE, name });
  }

  /** Binds `count` pods of an app of their own profile to node-1. */
  join(app: string, count = 1, request: JsonObject = SMALL): void {
    this.#createPods(app, { count, request }, { spec: { nodeName: "node-1" }, status: {} });
  }

  /** The same, but they are nominated to node-1 and still wait behind a scheduling gate. */
  nominate(app: string, count = 1, request: JsonObject = SMALL): void {
    const spec = { schedulingGates: [{ name: "berth.dev/placement" }] };
    this.#createPods(app, { count, request }, { spec, status: { nominatedNodeName: "node-1" } });
  }

  #createPods(
    app: string,
    { count, request }: { readonly count: number; readonly request: JsonObject },
    { spec, status }: { readonly spec: JsonObject; readonly status: JsonObject },
  ): void {
    const { store } = this.api;
    if (store.get("meshprofiles", { namespace: "shop", name: app }) === undefined)
      store.create("meshprofiles", {
        metadata: { namespace: "shop", name: app },
        spec: { cost: ROUND_COST },
      });
    for (let index = 0; index < count; index++) {
      store.create("pods", appPodObject({ app, index, request, spec, status }));
    }
  }

  /** Takes all pods of an app away at once. */
  depart(app: string): void {
    for (const pod of this.api.store.list("pods"))
      if (pod.metadata.labels?.[APP_LABEL] === app)
        this.api.store.delete("pods", { namespace: "shop", name: pod.metadata.name });
  }

  proxy(name = "proxy-on-node-1"): KubeObject {
    const found = this.api.store.get("pods", { namespace: PROXY_NAMESPACE, name });
    if (found === undefined) throw new Error(`no proxy ${name}`);
    return found;
  }

  /** `CPU memory` that the proxy's spec requests. */
  requests = (name?: string): string => quantitiesOf(this.proxy(name), "requests");

  limits = (name?: string): string => quantitiesOf(this.proxy(name), "limits");

  shares = (name?: string): Shares | undefined => sharesOf(this.proxy(name));

  correction = (name?: string): unknown => correctionOf(this.proxy(name));

  /** Lets everything that happens at this moment happen. */
  async settle(): Promise<void> {
    const { cache, proxies, usage, sizing, keeper } = this.#running;
    for (;;) {
      this.clock.advance(0);
      const { resourceVersion } = this.api.store;
      await this.#bookmarked([
        cache.whenObserved(resourceVersion),
        proxies.whenObserved(resourceVersion),
        keeper.whenObserved(resourceVersion),
      ]);
      await usage.settle();
      await keeper.settle();
      await sizing.settle();
      const isQuiet = (this.clock.nextDueMs() ?? Infinity) > this.clock.nowMs();
      if (isQuiet && this.api.store.resourceVersion === resourceVersion) return;
    }
  }

  /** Lets time pass, settling at each moment at which something is due. */
  async pass(ms: number): Promise<void> {
    const endMs = this.clock.nowMs() + ms;
    await this.settle();
    for (
      let dueMs = this.clock.nextDueMs();
      dueMs !== undefined && dueMs <= endMs;
      dueMs = this.clock.nextDueMs()
    ) {
      this.clock.advanceTo(dueMs);
      await this.settle();
    }
    this.clock.advanceTo(endMs);
    await this.settle();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { usage, sizing, cache, proxies, keeper } = this.#running;
    usage.stop();
    sizing.stop();
    this.#kubelet.stop();
    await Promise.all([cache.stop(), proxies.stop(), keeper.stop()]);
    await this.#prometheus?.stop();
    await this.#connection?.close();
    await this.api.close();
  }

  get #running(): Loops {
    if (this.#loops === undefined) throw new Error("the bed is not started");
    return this.#loops;
  }

  async #start(): Promise<void> {
    const { clock, ledger, metrics, model } = this;
    const { url } = await this.api.listen({ host: "127.0.0.1", port: 0 });
    const connection = new KubeConnection({ server: url });
    this.#connection = connection;
    const logger = silentLogger;
    const resizer = new Resizer(this.#failing(connection));
    const mayAct = (): boolean => proxies.isSynced && cache.unreadyReasons().length === 0;
    const defaults = {
      ...DEFAULT_PLANNER_OPTIONS,
      headroomRatio: 0.1,
      headroomMin: { cpuMilli: 50, memoryBytes: 64 * 1024 ** 2 },
      headroomDelayMs: this.#headroomDelayMs,
    };
    const support = this.#hasResize ? new ResizeSupport(connection, () => clock.nowMs()) : noResize();
    const isResizeServed = (): boolean => support.isServed;
    const acting = { ledger, model, resizer, clock, metrics, logger, mayAct, isResizeServed };
    const events = { record: (event: RecordedEvent): void => void this.events.push(event) };
    const budget = new WriteBudget({ rate: undefined, clock: systemClock() });
    const instances = new InstanceSource({ port: 0, clock });
    const costs = new CostPublisher({ connection, ledger, model, budget, logger });
    const { autoscalers, census } = this;
    const subject = new MeshSubject({ ledger, model, autoscalers, resizer, defaults });
    const sizing = new SizingLoop({ ...acting, subject, events, rounds: "onDemand" });
    const { past, state } = bedPast({
      connection,
      ledger,
      model,
      clock,
      metrics,
      mayAct,
      from: this.#prometheus ?? (this.#keepsState ? PROXY_NAMESPACE : undefined),
      proxies: () => sizing.proxies(),
      daemons: () => keeper.models(),
    });
    this.#state = state;
    const usage = new UsageLoop({
      past,
      ...acting,
      connection,
      instances,
      costs,
      sizing,
      capOf: subject.capOf,
      latest: this.latest,
      intervalMs: USAGE_INTERVAL_MS,
      warmUpMs: WARM_UP_MS,
    });
    const following = {
      ...acting,
      events,
      rounds: "onDemand" as const,
      connection,
      support,
      census,
      autoscalers,
      defaults,
      budget,
    };
    const keeper = bedKeeper({
      ...following,
      past,
      sizing,
      restore: (key, daemon) => this.#state?.restoreDaemon(key, daemon),
      intervalMs: USAGE_INTERVAL_MS,
    });
    const loops = { ledger, sizing, usage, census: this.census };
    const changed: ConstructorParameters<typeof ClusterCache>[0]["changed"] = (change) =>
      markChanged(change, loops);
    const cache = new ClusterCache({ connection, ledger, logger, owners: "ignored", changed });
    const proxies = watchProxies({ connection, sizing, logger });
    this.#loops = { cache, proxies, sizing, usage, costs, keeper };
    this.#kubelet.start();
    cache.start();
    proxies.start();
    usage.start();
    keeper.start();
    await this.pass(START_DELAY_MS);
  }

  #failing(connection: KubeConnection): Pick<KubeConnection, "patch"> {
    return {
      patch: (path, body, options) => {
        this.patches.push(kindOfPatch(path, body));
        if (!path.endsWith("/resize") || this.#resizesToFail-- <= 0)
          return connection.patch(path, body, options);
        throw new KubeApiError({ status: 429, reason: "TooManyRequests", message: "overloaded" });
      },
    };
  }

  // Versions of other collections reach a watch with the next bookmark, so these come until all have been seen.
  async #bookmarked(waits: readonly Promise<unknown>[]): Promise<void> {
    const seen = Promise.all(waits).then(() => "seen");
    do this.api.bookmarkWatchers();
    while ((await Promise.race([seen, setImmediate("turn")])) !== "seen");
  }
}

interface Loops {
  readonly cache: ClusterCache;
  readonly proxies: Reflector<ProxyPod>;
  readonly sizing: SizingLoop;
  readonly usage: UsageLoop;
  readonly costs: CostPublisher;
  readonly keeper: AutoscalerKeeper;
}
