// What the real proxies use, measured as a node's metrics agent would: CPU time between two looks, and resident memory.

import type { Resources } from "#model/resources.ts";
import type { Logger } from "#runtime/logger.ts";
import { proxyPodName } from "./fleet.ts";
import { scrape } from "./scrape.ts";

/** metrics-server's resolution, on the machine's clock: real processes use real time. */
const INTERVAL_MS = 15_000;

interface Look {
  readonly atMs: number;
  readonly cpuSeconds: number;
}

export class ProxyMeter {
  readonly #logger: Logger;
  readonly #usage = new Map<string, Resources>();
  readonly #looks = new Map<string, Look>();
  #timer: NodeJS.Timeout | undefined;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** By name of the proxy's pod; empty until the second look. */
  get usage(): ReadonlyMap<string, Resources> {
    return this.#usage;
  }

  start(controlUrls: readonly string[]): void {
    const lookAtAll = (): void => {
      for (const [index, url] of controlUrls.entries()) void this.#look(proxyPodName(index), url);
    };
    lookAtAll();
    this.#timer = setInterval(lookAtAll, INTERVAL_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  async #look(pod: string, url: string): Promise<void> {
    try {
      const metrics = await scrape(`${url}/metrics`);
      const look = {
        atMs: performance.now(),
        cpuSeconds: metrics.sum("berth_proxy_process_cpu_seconds_total"),
      };
      const before = this.#looks.get(pod);
      this.#looks.set(pod, look);
      // A restarted process counts from zero again.
      if (before === undefined || look.cpuSeconds < before.cpuSeconds) return;
      const cpuMilli = ((look.cpuSeconds - before.cpuSeconds) / (look.atMs - before.atMs)) * 1_000_000;
      this.#usage.set(pod, { cpuMilli, memoryBytes: metrics.sum("berth_proxy_process_resident_bytes") });
    } catch (error) {
      this.#logger.debug({ pod, error: (error as Error).message }, "a proxy was not measured");
    }
  }
}
