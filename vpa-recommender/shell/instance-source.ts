// What the proxies say of their own instances: GET /v1/usage of each, a limited number at once. A proxy that does not
// answer is asked again at the next reading; the node's totals come from metrics.k8s.io anyway.

import { z } from "zod";
import type { AppName } from "#model/brand.ts";
import type { Resources } from "#model/resources.ts";
import type { Clock } from "#runtime/clock.ts";
import {
  INTERVAL_MS_MIN,
  type ProxyCounters,
  type ProxyUsage,
  usageBetween,
} from "../policy/usage-difference.ts";
import { ProxyClient } from "./proxy-client.ts";
import type { ProxyPod } from "./proxy-pod.ts";

export interface InstanceSourceOptions {
  /** The proxies' --usage-port; 0: they are not asked. */
  readonly port: number;
  readonly clock: Clock;
}

/** A proxy that does not answer is left alone for this long, and for twice as long each time, up to ten minutes. */
const REST_MS_MIN = 60_000;
const REST_MS_MAX = 600_000;

const amount = z.number().nonnegative();

const report = z.object({
  cpuSeconds: amount,
  residentBytes: amount,
  instances: z.array(
    z.object({
      app: z.string(),
      pods: z.int().nonnegative(),
      connections: amount,
      requests: amount,
      cpuSeconds: amount,
      cpuHeldSeconds: amount,
      memoryBytes: amount,
    }),
  ),
});

export class InstanceSource {
  readonly #options: InstanceSourceOptions;
  readonly #client: ProxyClient;
  /** Until when proxies that did not answer are left alone. */
  readonly #rests = new Map<string, { readonly forMs: number; readonly untilMs: number }>();
  /** The last look at each proxy, by uid of its pod. */
  readonly #looks = new Map<string, ProxyCounters>();

  constructor(options: InstanceSourceOptions) {
    this.#options = options;
    this.#client = new ProxyClient(options.port);
  }

  /** False if the proxies are not asked at all. */
  get isOn(): boolean {
    return this.#client.isOn;
  }

  /**
   * What the proxy and its instances used since the last look.
   *
   * @returns undefined at the first look, if the proxy has no address yet, or if the looks cannot be compared.
   * @throws Error if it does not answer, or not in these terms.
   */
  async read(proxy: ProxyPod, proxyBase: Resources): Promise<ProxyUsage | undefined> {
    const { address, uid } = proxy;
    const nowMs = this.#options.clock.nowMs();
    if (address === undefined || !this.isOn || nowMs < (this.#rests.get(uid)?.untilMs ?? 0)) return undefined;
    const counters = await this.#lookOrRest(uid, address);
    const before = this.#looks.get(uid);
    // Asked again too soon, the earlier look is kept to be compared with.
    if (before === undefined || counters.timeMs - before.timeMs >= INTERVAL_MS_MIN)
      this.#looks.set(uid, counters);
    return before === undefined ? undefined : usageBetween(before, counters, proxyBase);
  }

  /** Forgets all proxies but these. */
  keep(uids: ReadonlySet<string>): void {
    for (const uid of this.#looks.keys()) if (!uids.has(uid)) this.#looks.delete(uid);
    for (const uid of this.#rests.keys()) if (!uids.has(uid)) this.#rests.delete(uid);
  }

  async stop(): Promise<void> {
    await this.#client.stop();
  }

  // One that does not answer keeps the others waiting: it is asked less and less often.
  async #lookOrRest(uid: string, address: string): Promise<ProxyCounters> {
    try {
      const counters = await this.#look(address);
      this.#rests.delete(uid);
      return counters;
    } catch (error) {
      const forMs = Math.min(REST_MS_MAX, 2 * (this.#rests.get(uid)?.forMs ?? REST_MS_MIN / 2));
      this.#rests.set(uid, { forMs, untilMs: this.#options.clock.nowMs() + forMs });
      throw error;
    }
  }

  async #look(address: string): Promise<ProxyCounters> {
    const answer = await this.#client.get(address, "/v1/usage");
    const { cpuSeconds, residentBytes, instances } = report.parse(answer);
    return {
      timeMs: this.#options.clock.nowMs(),
      cpuSeconds,
      residentBytes,
      instances: new Map(instances.map(({ app, ...counters }) => [app as AppName, counters])),
    };
  }
}
