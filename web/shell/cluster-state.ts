// The cluster as the screens see it: the ledger that the components keep, kept true by the same watches, and a number that
// rises with each change, so that a view is made anew only if there is something new in it.

import { ClusterCache, type ClusterChange } from "#kube/cluster-cache.ts";
import type { KubeConnection } from "#kube/connection.ts";
import type { PodUid } from "#model/brand.ts";
import type { PodView } from "#model/cluster-view.ts";
import { ClusterLedger, type LedgerView } from "#model/ledger.ts";
import type { MeshProfile } from "#model/mesh-profile.ts";
import type { Logger } from "#runtime/logger.ts";
import type { FleetView } from "../policy/fleet-figures.ts";

export interface ClusterStateOptions {
  readonly connection: KubeConnection;
  readonly logger: Logger;
}

export class ClusterState {
  readonly #ledger = new ClusterLedger();
  readonly #cache: ClusterCache;
  readonly #waiting = new Map<PodUid, PodView>();
  readonly connection: KubeConnection;
  #changes = 0;

  constructor({ connection, logger }: ClusterStateOptions) {
    this.connection = connection;
    this.#cache = new ClusterCache({
      connection,
      ledger: this.#ledger,
      logger,
      owners: "ignored",
      changed: (change) => this.#changed(change),
    });
  }

  start(): void {
    this.#cache.start();
  }

  async stop(): Promise<void> {
    await this.#cache.stop();
  }

  get ledger(): LedgerView {
    return this.#ledger;
  }

  /** Profiles that exist; an app without one has the default. */
  profiles(): Iterable<MeshProfile> {
    return this.#cache.profiles.values();
  }

  /** Mesh pods and others that have no node yet and are not finished. */
  waitingPods(): Iterable<PodView> {
    return this.#waiting.values();
  }

  /** For the figures that `berth status` shows, too. */
  get fleet(): FleetView {
    return { ledger: this.#ledger, pods: [...this.#waiting.values()], leftOut: 0 };
  }

  /** Rises with each change. */
  get changes(): number {
    return this.#changes;
  }

  /** Whether everything was listed once. */
  get isListed(): boolean {
    return this.#cache.isListed;
  }

  /** What keeps the figures from being trusted, in words; empty if nothing does. */
  staleReasons(): readonly string[] {
    return this.#cache.unreadyReasons();
  }

  #changed(change: ClusterChange): void {
    this.#changes += 1;
    if (change.kind !== "pod") return;
    const { after, before } = change;
    if (before !== undefined) this.#waiting.delete(before.uid);
    if (after !== undefined && after.nodeName === undefined && !after.isFinished && after.proxy === undefined)
      this.#waiting.set(after.uid, after);
  }
}
