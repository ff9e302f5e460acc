// What each app's instance costs the process: measured in its own thread, and with its part of what no instance's thread
// did or holds, the host's own thread above all. The two are kept apart, so that whoever is charged can see what for.

import type { AppName } from "#model/brand.ts";

import { spread } from "../policy/spread.ts";
import type { Instance } from "./instance.ts";
import type { ProcessUse } from "./process-use.ts";

/** The rest of a second goes to those who worked in it. */
export const METER_TURN_MS = 1_000;

export class CostMeter {
  readonly #ownCpu = new Map<AppName, number>();
  /** Parts of the rest that were charged so far. */
  readonly #spreadCpu = new Map<AppName, number>();
  #processCpu: number | undefined;
  #sharedCpuSeconds = 0;
  #sharedBytes = 0;

  /** CPU of the process that was in no instance's thread, so far; it never falls. */
  get sharedCpuSeconds(): number {
    return this.#sharedCpuSeconds;
  }

  /** Memory of the process that no instance's thread owns. */
  get sharedBytes(): number {
    return this.#sharedBytes;
  }

  /** The app's part of the shared CPU so far. */
  spreadCpuSeconds(app: AppName): number {
    return this.#spreadCpu.get(app) ?? 0;
  }

  /** @param use of the proxy's processes together, those of single instances included. */
  turn(instances: readonly Instance[], use: ProcessUse): void {
    const own = instances.map((instance) => this.#ownSince(instance));
    const passed = use.cpuSeconds - (this.#processCpu ?? use.cpuSeconds);
    this.#processCpu = use.cpuSeconds;
    // An instance reports with its heartbeat, a moment late: what it did then is not charged a second time.
    const shared = Math.max(0, passed - own.reduce((sum, seconds) => sum + seconds, 0));
    this.#sharedCpuSeconds += shared;
    const parts = spread(shared, own);
    for (const [index, { app }] of instances.entries()) {
      this.#spreadCpu.set(app, this.spreadCpuSeconds(app) + (parts[index] ?? 0));
    }
    const owned = instances.reduce((sum, { memoryBytes }) => sum + memoryBytes, 0);
    this.#sharedBytes = Math.max(0, use.residentBytes - owned);
    const present = new Set(instances.map(({ app }) => app));
    for (const map of [this.#ownCpu, this.#spreadCpu])
      for (const app of map.keys()) if (!present.has(app)) map.delete(app);
  }

  #ownSince({ app, cpuSeconds }: Instance): number {
    const before = this.#ownCpu.get(app) ?? 0;
    this.#ownCpu.set(app, cpuSeconds);
    return Math.max(0, cpuSeconds - before);
  }
}
