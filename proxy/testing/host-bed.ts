// A real host with real workers on loopback, for tests. Pods are announced by hook or by a cluster that the test plays.

import assert from "node:assert/strict";
import type { TestContext } from "node:test";

import type { AppName, PodUid } from "#model/brand.ts";
import type { AppPorts, Isolation, Quota } from "#model/mesh-profile.ts";
import { systemClock } from "#runtime/clock.ts";
import { silentLogger } from "#runtime/logger.ts";
import type { Logger } from "#runtime/logger.ts";

import { DEFAULT_LIFECYCLE_TIMES } from "../policy/instance-lifecycle.ts";
import type { LifecycleTimes } from "../policy/instance-lifecycle.ts";
import type { NodePod } from "../policy/pod-registry.ts";
import { NO_SUCCESSION } from "../policy/succession.ts";
import type { WatchdogLimits } from "../policy/watchdog.ts";
import { DEFAULT_WATCHDOG_LIMITS } from "../policy/watchdog.ts";
import type { AppSettings, ClusterListener, ClusterSource } from "../shell/cluster-source.ts";
import { ProxyHost, type ProxyHostOptions } from "../shell/host.ts";
import type { Instance } from "../shell/instance.ts";
import { InstanceProcesses } from "../shell/instance-processes.ts";
import { ProcessKeeper } from "../shell/process-keeper.ts";
import type { ServiceTable } from "../shell/service-table.ts";
import { DEFAULT_DATA_PATH_TIMES } from "../shell/worker-messages.ts";
import type { DataPathTimes } from "../shell/worker-messages.ts";

export interface HostBedOptions {
  readonly lifecycle?: Partial<LifecycleTimes>;
  readonly dataPath?: Partial<DataPathTimes>;
  readonly watchdog?: WatchdogLimits;
  readonly workerPreload?: string | undefined;
  readonly nodeAddress?: string;
  readonly services?: ServiceTable;
  readonly logger?: Logger;
  readonly identity?: ProxyHostOptions["identity"];
  readonly threads?: ProxyHostOptions["threads"];
}

/** Tests that leave connections open should not wait for them at their end. */
const DRAIN_IDLE_MS = 100;

/** Plays the API server: what it is told, the host hears. */
class PlayedCluster implements ClusterSource {
  isSynced = true;
  succession = NO_SUCCESSION;
  refusedConfigurations = 0;
  #listener: ClusterListener | undefined;

  start(listener: ClusterListener): void {
    this.#listener = listener;
  }

  async stop(): Promise<void> {
    this.#listener = undefined;
  }

  get listener(): ClusterListener {
    assert.ok(this.#listener !== undefined);
    return this.#listener;
  }
}

export class HostBed {
  readonly cluster = new PlayedCluster();
  readonly host: ProxyHost;

  constructor(context: TestContext, options: HostBedOptions = {}) {
    const shared = { clock: systemClock(), logger: options.logger ?? silentLogger };
    const { drainTimeoutMs } = DEFAULT_LIFECYCLE_TIMES;
    const keeper = new ProcessKeeper({
      ...shared,
      drainTimeoutMs,
      tell: (message) => processes.heard(message),
    });
    const processes = new InstanceProcesses({
      ...shared,
      serving: [],
      tell: (message) => keeper.heard(message),
    });
    this.host = new ProxyHost({
      nodeName: "test-node",
      nodeAddress: options.nodeAddress ?? "127.0.0.1",
      ...shared,
      services: options.services,
      processes,
      cluster: this.cluster,
      identity: options.identity,
      threads: options.threads,
      lifecycle: { ...DEFAULT_LIFECYCLE_TIMES, lingerMs: 0, ...options.lifecycle },
      dataPath: { ...DEFAULT_DATA_PATH_TIMES, drainIdleMs: DRAIN_IDLE_MS, ...options.dataPath },
      watchdog: options.watchdog ?? DEFAULT_WATCHDOG_LIMITS,
      workerPreload: options.workerPreload,
    });
    this.host.start();
    context.after(async () => {
      await this.host.drain();
      keeper.endAll();
    });
  }

  /** Gives the app any ports and this quota, as its MeshProfile would. */
  settings(app: string, quota: Quota = {}, isolation: Isolation = "thread"): void {
    const ports = { inbound: 0, outbound: 0 };
    this.cluster.listener.settingsSeen({ app: app as AppName, quota, isolation, ports });
  }

  /** Its whole profile, beside any ports. */
  configure(settings: Partial<AppSettings> & Pick<AppSettings, "app">): void {
    this.cluster.listener.settingsSeen({ quota: {}, ports: { inbound: 0, outbound: 0 }, ...settings });
  }

  pod(uid: string, pod: Pick<NodePod, "port"> & Partial<NodePod> & { readonly app: AppName }): void {
    this.cluster.listener.podSeen({
      uid: uid as PodUid,
      namespace: "shop",
      name: uid,
      address: "127.0.0.1",
      condition: "ready",
      ...pod,
    });
  }

  podDeleted(uid: string): void {
    this.cluster.listener.podDeleted(uid as PodUid);
  }

  /** An app with one pod behind the port, once it serves. */
  async serve(
    app: string,
    port: number,
    quota: Quota = {},
    isolation: Isolation = "thread",
  ): Promise<AppPorts> {
    this.settings(app, quota, isolation);
    this.pod(`${app}-0`, { app: app as AppName, port });
    await until(() => this.host.instance(app as AppName)?.isServing === true);
    return this.ports(app);
  }

  ports(app: string): AppPorts {
    const ports = this.instance(app).boundPorts;
    assert.ok(ports !== undefined);
    return ports;
  }

  instance(app: string): Instance {
    const instance = this.host.instance(app as AppName);
    assert.ok(instance !== undefined, `no instance of ${app}`);
    return instance;
  }
}

const TURN_MS = 5;
/** So that a test that waits in vain fails with a stack instead of hanging. */
const PATIENCE_MS = 20_000;

export async function until(isTrue: () => boolean): Promise<void> {
  const startedMs = performance.now();
  while (!isTrue()) {
    assert.ok(performance.now() - startedMs < PATIENCE_MS, `waited in vain for ${isTrue.toString()}`);
    const { promise, resolve } = Promise.withResolvers<void>();
    setTimeout(resolve, TURN_MS);
    await promise;
  }
}
