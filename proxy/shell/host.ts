// The host: knows the node's mesh pods and the apps' settings, and keeps one instance per app in line with them. It
// carries no traffic itself.

import { assert } from "#model/assert.ts";
import type { AppName, PodUid } from "#model/brand.ts";
import { ANYBODY } from "#model/callers.ts";
import type { AppPorts } from "#model/mesh-profile.ts";
import type { Shares } from "#model/shares.ts";
import type { Cancel, Clock } from "#runtime/clock.ts";
import type { Logger } from "#runtime/logger.ts";

import type { LifecycleTimes } from "../policy/instance-lifecycle.ts";
import { openTcpPorts } from "../policy/open-tcp-ports.ts";
import { PodRegistry } from "../policy/pod-registry.ts";
import type { NodePod, PodEvent } from "../policy/pod-registry.ts";
import { NO_SUCCESSION, type Succession } from "../policy/succession.ts";
import type { AppSettings, ClusterListener, ClusterSource } from "./cluster-source.ts";
import { CostMeter, METER_TURN_MS } from "./cost-meter.ts";
import { type AppIdentity, type IdentityMaterial, NO_IDENTITY } from "./identity/app-identity.ts";
import { endpointsOf } from "./pod-endpoints.ts";
import { type HostMemory, noMemory } from "./host-memory.ts";
import { Instance } from "./instance.ts";
import { isMissing } from "./missing-instance.ts";
import type { ProcessUse } from "./process-use.ts";
import type { ServiceTableCounts } from "./service-table.ts";
import { RefusalLog } from "./refusal-log.ts";
import { SHARE_TURN_MS, ShareKeeper } from "./share-keeper.ts";
import type { LifeOptions } from "./start-life.ts";
import type { ThreadCgroups } from "./thread-cgroups.ts";
import type { DataPathTimes } from "./worker-messages.ts";

export interface ProxyHostOptions extends Pick<
  LifeOptions,
  "watchdog" | "workerPreload" | "services" | "processes"
> {
  readonly nodeName: string;
  readonly nodeAddress: string;
  /** Absent: only hooks announce pods, and the system chooses the ports. */
  readonly cluster?: ClusterSource | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly lifecycle: LifecycleTimes;
  readonly dataPath: DataPathTimes;
  /** Absent: all threads stay in the control group of this process. */
  readonly threads?: ThreadCgroups | undefined;
  readonly memory?: HostMemory | undefined;
  /** Absent: no app has an identity here. */
  readonly identity?: Pick<AppIdentity, "mode" | "trustDomain"> | undefined;
  /** Called with what the next host should know, whenever it changed. */
  readonly remember?: (memory: HostMemory) => void;
  /** Called when the node may have become ready, or unready. */
  readonly changed?: () => void;
}

export type Readiness =
  | { readonly kind: "ready" }
  | { readonly kind: "not-ready"; readonly reason: "draining" | "not-synced" }
  | { readonly kind: "not-ready"; readonly reason: "instances"; readonly apps: readonly AppName[] };

/** A thread and about 11 MB each; more than twice the pods kubelet puts on a node by default. */
const INSTANCES_MAX = 256;
/** Finds a stuck worker within a quarter of a second, and costs one look at shared memory per instance. */
const INSPECTION_MS = 25;
const EXPIRY_MS = 5_000;
const ANY_PORTS: AppPorts = { inbound: 0, outbound: 0 };

export class ProxyHost implements ClusterListener {
  readonly #options: ProxyHostOptions;
  readonly #registry = new PodRegistry();
  readonly #settings = new Map<AppName, AppSettings>();
  readonly #instances = new Map<AppName, Instance>();
  readonly #boundPorts: Map<AppName, AppPorts>;
  readonly #identities = new Map<AppName, IdentityMaterial>();
  readonly #cancels = new Map<string, Cancel>();
  readonly #shares: ShareKeeper;
  /** What each app is charged. */
  readonly costs = new CostMeter();
  readonly #refusals: RefusalLog;
  /** Of instances that have gone. */
  #goneProcessCpuSeconds = 0;
  #isReconcileDue = false;
  #isEnding = false;
  #wasReady = false;
  #isDraining = false;
  #memory: HostMemory = noMemory;
  #remembered = "";

  constructor(options: ProxyHostOptions) {
    this.#options = options;
    this.#refusals = new RefusalLog(options.logger);
    this.#shares = new ShareKeeper(options.threads);
    const memory = options.memory ?? noMemory;
    for (const event of memory.pods) this.#registry.apply(event);
    for (const settings of memory.settings) this.#settings.set(settings.app, settings);
    this.#boundPorts = new Map(memory.boundPorts);
  }

  start(): void {
    this.#reconcile();
    this.#options.processes?.dismissUnclaimed(this.#options.lifecycle.drainTimeoutMs);
    this.#options.cluster?.start(this);
    this.#repeat("inspect", INSPECTION_MS, (elapsedMs) => {
      // A host that was stopped for a while knows nothing of the time in between.
      const known = Math.min(elapsedMs, 2 * INSPECTION_MS);
      for (const instance of this.#instances.values()) instance.inspect(known);
    });
    this.#repeat("share", SHARE_TURN_MS, (elapsedMs) => this.#shares.turn(this.instances, elapsedMs));
    this.#repeat("meter", METER_TURN_MS, () => this.#meter());
    this.#repeat("expire", EXPIRY_MS, () => this.#expire());
  }

  /** Says from now on that it is not ready. Everything goes on as before, connections apart: they close one by one. */
  announceEnd(): void {
    this.#isEnding = true;
    for (const instance of this.#instances.values()) instance.retire();
    this.#options.changed?.();
  }

  /** Lets one app's instance finish and go, for good: this host starts none any more. Once the end is announced. */
  leave(app: AppName): void {
    assert(this.#isEnding, "only a proxy that ends leaves apps");
    this.#instances.get(app)?.handle({ kind: "shutdown" });
  }

  /** Lets every instance finish what it has in progress, within the drain timeout. */
  async drain(): Promise<void> {
    this.#isEnding = true;
    this.#isDraining = true;
    this.#options.changed?.();
    await this.#options.cluster?.stop();
    const instances = [...this.#instances.values()];
    for (const instance of instances) instance.handle({ kind: "shutdown" });
    await Promise.all(instances.map((instance) => instance.whenGone));
    for (const cancel of this.#cancels.values()) cancel();
    this.#options.threads?.close();
  }

  /** Of this process, and of those that single instances have for themselves. */
  get use(): ProcessUse {
    const { user, system } = process.cpuUsage();
    let cpuSeconds = (user + system) / 1e6 + this.#goneProcessCpuSeconds;
    let residentBytes = process.memoryUsage.rss();
    for (const { ownProcesses } of this.#instances.values()) {
      cpuSeconds += ownProcesses?.cpuSeconds ?? 0;
      residentBytes += ownProcesses?.ownBytes ?? 0;
    }
    return { cpuSeconds, residentBytes };
  }

  get nodeName(): string {
    return this.#options.nodeName;
  }

  get nodeAddress(): string {
    return this.#options.nodeAddress;
  }

  get isSynced(): boolean {
    return this.#options.cluster?.isSynced ?? true;
  }

  /** What the cluster says of this node's other proxies. */
  get succession(): Succession {
    return this.#options.cluster?.succession ?? NO_SUCCESSION;
  }

  get instances(): readonly Instance[] {
    return [...this.#instances.values()];
  }

  /** Undefined where every Service is reached directly. */
  get serviceCounts(): ServiceTableCounts | undefined {
    return this.#options.services?.counts();
  }

  /** Of the shares that hold now; undefined without any. */
  get sharesVersion(): number | undefined {
    return this.#shares.version;
  }

  /** Every instance's thread is held by a control group of its own. */
  get hasThreadCgroups(): boolean {
    return this.#options.threads?.isComplete === true;
  }

  get refusedConfigurations(): number {
    return this.#options.cluster?.refusedConfigurations ?? 0;
  }

  /** What another host should know to take this one's place. */
  get memory(): HostMemory {
    return this.#memory;
  }

  pods(): readonly NodePod[] {
    return this.#registry.pods();
  }

  instance(app: AppName): Instance | undefined {
    return this.#instances.get(app);
  }

  readiness(): Readiness {
    if (this.#isEnding) return { kind: "not-ready", reason: "draining" };
    if (!this.isSynced) return { kind: "not-ready", reason: "not-synced" };
    // Unproven counts only at first: a signer that is away must not take the node from apps that were certified.
    const missing = this.instances.filter((one) => isMissing(one) || this.#isUnproven(one));
    const apps = missing.map(({ app }) => app);
    this.#wasReady ||= apps.length === 0;
    return apps.length === 0 ? { kind: "ready" } : { kind: "not-ready", reason: "instances", apps };
  }

  /**
   * A hook's word on a pod, carried out before this returns.
   *
   * @returns false if there is no room for another pod.
   */
  hooked(event: PodEvent & { readonly kind: "registered" | "unregistered" }): boolean {
    const isTaken = this.#registry.apply(event);
    this.#reconcile();
    return isTaken;
  }

  podSeen(pod: NodePod): void {
    const isTaken = this.#registry.apply({ kind: "watched", pod, nowMs: this.#nowMs() });
    if (!isTaken) this.#options.logger.error({ uid: pod.uid, app: pod.app }, "too many pods on this node");
    this.#reconcileSoon();
  }

  podDeleted(uid: PodUid): void {
    this.#registry.apply({ kind: "deleted", uid, nowMs: this.#nowMs() });
    this.#reconcileSoon();
  }

  podsListed(uids: ReadonlySet<PodUid>): void {
    this.#registry.reconcile(uids, this.#nowMs());
    this.#reconcileSoon();
  }

  settingsSeen(settings: AppSettings): void {
    this.#settings.set(settings.app, settings);
    this.#reconcileSoon();
  }

  settingsDeleted(app: AppName): void {
    this.#settings.delete(app);
    this.#reconcileSoon();
  }

  sharesSeen(shares: Shares | undefined): void {
    this.#shares.change(shares);
  }

  identitySeen(app: AppName, material: IdentityMaterial): void {
    this.#identities.set(app, material);
    this.#reconcileSoon();
  }

  settingsListed(apps: ReadonlySet<AppName>): void {
    for (const app of this.#settings.keys()) {
      if (!apps.has(app)) this.#settings.delete(app);
    }
    this.#reconcileSoon();
  }

  #meter(): void {
    this.costs.turn(this.instances, this.use);
    this.#refusals.turn(this.instances);
  }

  #expire(): void {
    const { cluster } = this.#options;
    const watch = cluster === undefined ? "absent" : cluster.isSynced ? "synced" : "unsynced";
    this.#refusals.disowned(this.#registry.expire(this.#nowMs(), watch));
    this.#reconcileSoon();
  }

  /** A list of a hundred pods is one reconciliation, not a hundred. */
  #reconcileSoon(): void {
    if (this.#isReconcileDue) return;
    this.#isReconcileDue = true;
    this.#options.clock.after(0, () => {
      this.#isReconcileDue = false;
      this.#reconcile();
    });
  }

  #reconcile(): void {
    if (this.#isDraining) return;
    const podsByApp = Map.groupBy(this.#registry.pods(), ({ app }) => app);
    for (const [app, pods] of podsByApp) this.#reconcileApp(app, pods);
    for (const instance of this.#instances.values()) {
      if (podsByApp.has(instance.app)) continue;
      instance.set({ endpoints: [] });
      instance.handle({ kind: "unwanted" });
    }
    this.#remember();
    this.#options.changed?.();
  }

  #reconcileApp(app: AppName, pods: readonly NodePod[]): void {
    const settings = this.#settings.get(app);
    const instance = this.#instances.get(app) ?? (this.#isEnding ? undefined : this.#addInstance(app));
    if (instance === undefined) return;
    instance.release.configured(settings);
    instance.setQuota(settings?.quota ?? {});
    instance.setIsolation(settings?.isolation ?? "thread");
    instance.set({
      observation: settings?.observation ?? {},
      tcpPorts: openTcpPorts(settings),
      endpoints: endpointsOf(pods),
      sources: pods.map(({ address }) => address),
      identity: this.#identityOf(app),
    });
    instance.handle({ kind: "wanted" });
    const anyPorts = this.#options.cluster === undefined ? ANY_PORTS : undefined;
    instance.handle({ kind: "ports", ports: settings?.ports ?? anyPorts });
  }

  #isUnproven({ app, isServing }: Instance): boolean {
    const isDue = !this.#wasReady && this.#options.identity?.mode === "use";
    return isDue && isServing && !this.#identities.has(app);
  }

  #identityOf(app: AppName): AppIdentity {
    const callers = this.#settings.get(app)?.callers ?? ANYBODY;
    const material = this.#identities.get(app);
    return {
      ...NO_IDENTITY,
      ...this.#options.identity,
      callers,
      ...(material !== undefined && { material }),
    };
  }

  #addInstance(app: AppName): Instance | undefined {
    const { logger } = this.#options;
    if (this.#instances.size >= INSTANCES_MAX) {
      logger.error({ app, max: INSTANCES_MAX }, "too many instances on this node");
      return undefined;
    }
    const instance = new Instance({
      ...this.#options,
      app,
      boundPorts: this.#boundPorts.get(app),
      changed: () => this.#instanceChanged(instance),
    });
    this.#instances.set(app, instance);
    this.#options.cluster?.hosting?.(new Set(this.#instances.keys()));
    return instance;
  }

  #instanceChanged(instance: Instance): void {
    const { app, boundPorts } = instance;
    if (boundPorts !== undefined) this.#boundPorts.set(app, boundPorts);
    if (instance.state.phase.kind === "gone") {
      this.#refusals.close(instance);
      this.#goneProcessCpuSeconds += instance.ownProcesses?.cpuSeconds ?? 0;
      this.#instances.delete(app);
      this.#identities.delete(app);
      this.#options.cluster?.hosting?.(new Set(this.#instances.keys()));
      this.#boundPorts.delete(app);
      // A pod may have come in the very turn in which its app's instance went.
      this.#reconcileSoon();
    }
    if (!this.#isDraining) this.#remember();
    this.#options.changed?.();
  }

  #remember(): void {
    const hosted = new Set(this.#instances.keys());
    const memory: HostMemory = {
      pods: this.#registry.history(),
      settings: [...this.#settings.values()].filter(({ app }) => hosted.has(app)),
      boundPorts: [...this.#boundPorts],
    };
    const text = JSON.stringify(memory);
    if (text === this.#remembered) return;
    this.#remembered = text;
    this.#memory = memory;
    this.#options.remember?.(memory);
  }

  #repeat(name: string, everyMs: number, task: (elapsedMs: number) => void): void {
    const { clock } = this.#options;
    let lastMs = clock.nowMs();
    const turn = (): void => {
      const nowMs = clock.nowMs();
      task(Math.max(0, nowMs - lastMs));
      lastMs = nowMs;
      this.#cancels.set(name, clock.after(everyMs, turn));
    };
    this.#cancels.set(name, clock.after(everyMs, turn));
  }

  #nowMs(): number {
    return this.#options.clock.nowMs();
  }
}
