// Brings the status of profiles up to date whose spec was edited since, or whose ports were allocated by a version that
// wrote no condition. Every ten seconds the leader takes up to twenty of them, one after the other: a thousand edits at
// once cost one write each, spread over eight minutes, and a profile that cannot be written waits for its next turn.

import type { AppName } from "#model/brand.ts";
import type { MeshProfile } from "#model/mesh-profile.ts";
import type { Cancel, Clock } from "#runtime/clock.ts";

export interface ProfileStatusSweepOptions {
  /** What the watch shows. */
  readonly profiles: { values(): Iterable<MeshProfile> };
  readonly isLeader: () => boolean;
  /** Never rejects for what the API server refuses. */
  readonly refreshStatus: (app: AppName) => Promise<void>;
  readonly clock: Clock;
}

const SWEEP_MS = 10_000;
/** Two writes a second on average: beside what pods and leases cost an API server, nothing. */
const PROFILES_PER_SWEEP_MAX = 20;

export class ProfileStatusSweep {
  readonly #options: ProfileStatusSweepOptions;
  /** Taken since the last time that there was nothing else to take. */
  readonly #taken = new Set<AppName>();
  #cancel: Cancel = () => undefined;
  #isStopped = false;

  constructor(options: ProfileStatusSweepOptions) {
    this.#options = options;
  }

  start(): void {
    this.#cancel();
    this.#cancel = this.#options.clock.after(SWEEP_MS, () => void this.#sweepAndGoOn());
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancel();
  }

  async #sweepAndGoOn(): Promise<void> {
    const { isLeader, refreshStatus } = this.#options;
    for (const app of isLeader() ? this.#next() : []) {
      if (this.#isStopped) return;
      await refreshStatus(app);
    }
    if (!this.#isStopped) this.start();
  }

  /** Those that were not taken yet come first, so that twenty hopeless ones do not keep the others waiting. */
  #next(): readonly AppName[] {
    const outdated = [...this.#options.profiles.values()].filter((profile) => profile.isStatusOutdated);
    const apps = outdated.map(({ app }) => app);
    if (apps.every((app) => this.#taken.has(app))) this.#taken.clear();
    const next = apps.filter((app) => !this.#taken.has(app)).slice(0, PROFILES_PER_SWEEP_MAX);
    for (const app of next) this.#taken.add(app);
    return next;
  }
}
