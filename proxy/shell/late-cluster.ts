// A cluster source that is still being loaded. Its client is the largest part of the host's code, and a host that takes
// the place of one that died has instances to start first, which it remembers.

import type { AppName } from "#model/brand.ts";

import { NO_SUCCESSION } from "../policy/succession.ts";
import type { Succession } from "../policy/succession.ts";
import type { ClusterListener, ClusterSource } from "./cluster-source.ts";

export class LateCluster implements ClusterSource {
  readonly #load: () => Promise<ClusterSource | undefined>;
  readonly #failed: (error: unknown) => void;
  #source: ClusterSource | undefined;
  #isStopped = false;
  #apps: ReadonlySet<AppName> = new Set();

  /** @param failed is told if it cannot be loaded at all. */
  constructor(load: () => Promise<ClusterSource | undefined>, failed: (error: unknown) => void) {
    this.#load = load;
    this.#failed = failed;
  }

  get isSynced(): boolean {
    return this.#source?.isSynced ?? false;
  }

  get succession(): Succession {
    return this.#source?.succession ?? NO_SUCCESSION;
  }

  get refusedConfigurations(): number {
    return this.#source?.refusedConfigurations ?? 0;
  }

  hosting(apps: ReadonlySet<AppName>): void {
    this.#apps = apps;
    this.#source?.hosting?.(apps);
  }

  start(listener: ClusterListener): void {
    // Not before what is due at once, the start of the instances above all, is under way.
    setImmediate(() => void this.#follow(listener));
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#source?.stop();
  }

  async #follow(listener: ClusterListener): Promise<void> {
    try {
      const source = await this.#load();
      if (this.#isStopped || source === undefined) return;
      this.#source = source;
      source.start(listener);
      source.hosting?.(this.#apps);
    } catch (error) {
      this.#failed(error);
    }
  }
}
