// What the proxy of one simulated node answers to the recommender, in the terms of a real one's usage port: counters that
// rise by what its apps' truth says of the time since it was last asked, and the versions that its instances have.

import type { AppName, NodeName } from "#model/brand.ts";
import { splitAppName } from "#model/app.ts";
import { decodeNodeProfile } from "#kube/released-profile.ts";
import { DecodeError } from "#kube/decode-pod.ts";
import { exposition } from "#proxy/shell/exposition.ts";
import type { InstanceUsageReport, UsageReport } from "#proxy/shell/usage-report.ts";
import type { ReleaseReport } from "#proxy/shell/release-report.ts";
import type { Clock } from "#runtime/clock.ts";
import type { NodeContents } from "#sim/audit/node-contents.ts";
import type { ObjectStore } from "#sim/loopback/object-store.ts";
import { dailyLoad, IDLE_USE, instanceTraffic, instanceUse } from "./app-truth.ts";
import { noiseFactor, podsByApp } from "./simulated-usage.ts";

export interface SimulatedProxyOptions {
  readonly node: string;
  readonly contents: NodeContents;
  readonly store: ObjectStore;
  /** The fleet's, by which usage is counted. */
  readonly clock: Clock;
  /** The machine's, by which releases are judged. */
  readonly machine: Clock;
  readonly random: () => number;
}

interface Counters {
  cpuSeconds: number;
  requests: number;
}

export class SimulatedProxy {
  readonly #options: SimulatedProxyOptions;
  readonly #instances = new Map<AppName, Counters>();
  readonly #versions = new Map<AppName, { readonly version: number; readonly sinceMs: number }>();
  #cpuSeconds = 0;
  #atMs: number;

  constructor(options: SimulatedProxyOptions) {
    this.#options = options;
    this.#atMs = options.clock.nowMs();
  }

  usage(): UsageReport {
    const { node, clock, contents, random } = this.#options;
    const nowMs = clock.nowMs();
    const seconds = Math.max(0, nowMs - this.#atMs) / 1000;
    this.#atMs = nowMs;
    const load = dailyLoad(nowMs);
    const noise = noiseFactor(random);
    const apps = podsByApp(contents.podsOn(node));
    for (const app of this.#instances.keys()) if (!apps.has(app)) this.#instances.delete(app);
    this.#cpuSeconds += (seconds * noise * IDLE_USE.cpuMilli) / 1000;
    let residentBytes = IDLE_USE.memoryBytes * noise;
    const instances = [...apps].map(([app, pods]): InstanceUsageReport => {
      const use = instanceUse(app, pods, load);
      const { connections, requestsPerSecond } = instanceTraffic(pods, load);
      const counters = this.#countersOf(app);
      counters.cpuSeconds += (seconds * noise * use.cpuMilli) / 1000;
      counters.requests += seconds * requestsPerSecond;
      this.#cpuSeconds += (seconds * noise * use.cpuMilli) / 1000;
      residentBytes += use.memoryBytes * noise;
      return {
        app,
        pods,
        connections,
        requests: Math.floor(counters.requests),
        cpuSeconds: counters.cpuSeconds,
        cpuHeldSeconds: 0,
        memoryBytes: use.memoryBytes * noise,
      };
    });
    return { node, cpuSeconds: this.#cpuSeconds, residentBytes, instances };
  }

  releases(): ReleaseReport {
    const { node, contents, machine } = this.#options;
    const nowMs = machine.nowMs();
    const apps = podsByApp(contents.podsOn(node));
    for (const app of this.#versions.keys()) if (!apps.has(app)) this.#versions.delete(app);
    const reports = [...apps].flatMap(([app, pods]) => {
      const version = this.#assigned(app);
      if (version === undefined) return [];
      const known = this.#versions.get(app);
      const taken = known?.version === version ? known : { version, sinceMs: nowMs };
      this.#versions.set(app, taken);
      const ageMs = nowMs - taken.sinceMs;
      const { requestsPerSecond } = instanceTraffic(pods, 1);
      const attempts = Math.floor((requestsPerSecond * ageMs) / 1000);
      const none = { attempts: 0, errors: 0 };
      return [{ app, state: "serving", version, ageMs, failures: 0, attempts, errors: 0, before: none }];
    });
    return { node, apps: reports };
  }

  /** What people are told of throttling, of which there is none here. */
  metrics(): string {
    const counters = [...this.#instances];
    return exposition([
      {
        name: "berth_proxy_instance_serving",
        help: "1 while the instance serves.",
        type: "gauge",
        samples: counters.map(([app]) => ({ labels: { app }, value: 1 })),
      },
      {
        name: "berth_proxy_requests_total",
        help: "Requests that arrived, in the fleet's time.",
        type: "counter",
        samples: counters.map(([app, { requests }]) => ({
          labels: { app, direction: "inbound" },
          value: Math.floor(requests),
        })),
      },
    ]);
  }

  #countersOf(app: AppName): Counters {
    const counters = this.#instances.get(app) ?? { cpuSeconds: 0, requests: 0 };
    this.#instances.set(app, counters);
    return counters;
  }

  // As a proxy reads it of the profile that it watches.
  #assigned(app: AppName): number | undefined {
    const { store, node } = this.#options;
    const profile = store.get("meshprofiles", splitAppName(app));
    if (profile === undefined) return undefined;
    try {
      return decodeNodeProfile(profile, node as NodeName).version;
    } catch (error) {
      // A proxy keeps what it had, too, and whoever wrote the profile was told by the API.
      if (error instanceof DecodeError) return this.#versions.get(app)?.version;
      throw error;
    }
  }
}
