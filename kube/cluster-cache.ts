// The watches that keep a ClusterLedger true: nodes, pods, their owners where wanted, and profiles. Handlers only update the ledger
// and tell the owner of the cache that something changed.

import type { AppName, NodeName } from "#model/brand.ts";
import type { OwnerView, PodView } from "#model/cluster-view.ts";
import type { ClusterLedger } from "#model/ledger.ts";
import type { MeshProfile } from "#model/mesh-profile.ts";
import { systemClock } from "#runtime/clock.ts";
import type { Logger } from "#runtime/logger.ts";
import type { KubeConnection } from "./connection.ts";
import { decodeNode } from "./decode-node.ts";
import { decodeJob, decodeOwner } from "./decode-owner.ts";
import { decodePod } from "./decode-pod.ts";
import { decodeMeshProfile } from "./mesh-profile-schema.ts";
import { Reflector, type ReflectorHandlers } from "./reflector.ts";
import {
  JOBS,
  MESH_PROFILES,
  NODES,
  PODS,
  REPLICA_SETS,
  type ResourceKind,
  resourcePath,
  STATEFUL_SETS,
} from "./resource-path.ts";

export interface ClusterCacheOptions {
  readonly connection: KubeConnection;
  readonly ledger: ClusterLedger;
  readonly logger: Logger;
  /** Of those who place pods: how many siblings of a pod are still to come. Three more kinds to watch. */
  readonly owners: "watched" | "ignored";
  /** Called after each change that was applied to the ledger. */
  readonly changed?: (change: ClusterChange) => void;
}

export type ClusterChange =
  | { readonly kind: "pod"; readonly after: PodView | undefined; readonly before: PodView | undefined }
  | { readonly kind: "profile"; readonly app: AppName }
  | { readonly kind: "node"; readonly name: NodeName }
  | { readonly kind: "owner" };

/** Without news for this long, watch timeouts and bookmarks included, the copy may be wrong: not ready any more. */
const STALE_MS = 15 * 60_000;

export class ClusterCache {
  readonly #reflectors: readonly Reflector<unknown>[];
  readonly #profiles: Reflector<MeshProfile>;
  readonly #options: ClusterCacheOptions;
  readonly #clock = systemClock();

  constructor(options: ClusterCacheOptions) {
    this.#options = options;
    const { ledger, changed = () => undefined } = options;
    const nodes = this.#reflect(NODES, decodeNode, {
      upserted(node) {
        ledger.upsertNode(node);
        changed({ kind: "node", name: node.name });
      },
      deleted(node) {
        ledger.removeNode(node.name);
        changed({ kind: "node", name: node.name });
      },
    });
    const owners = options.owners === "watched" ? this.#reflectOwners() : [];
    const pods = this.#reflect(PODS, decodePod, {
      upserted(pod, previous) {
        ledger.upsertPod(pod);
        changed({ kind: "pod", after: pod, before: previous });
      },
      deleted(pod) {
        ledger.removePod(pod.uid);
        changed({ kind: "pod", after: undefined, before: pod });
      },
    });
    this.#profiles = this.#reflect(MESH_PROFILES, decodeMeshProfile, {
      upserted(profile) {
        ledger.setProfile(profile);
        changed({ kind: "profile", app: profile.app });
      },
      deleted(profile) {
        ledger.removeProfile(profile.app);
        changed({ kind: "profile", app: profile.app });
      },
    });
    this.#reflectors = [nodes, ...owners, this.#profiles, pods] as readonly Reflector<unknown>[];
  }

  start(): void {
    for (const reflector of this.#reflectors) reflector.start();
  }

  async stop(): Promise<void> {
    await Promise.all(this.#reflectors.map((reflector) => reflector.stop()));
  }

  async whenSynced(): Promise<void> {
    await Promise.all(this.#reflectors.map((reflector) => reflector.whenSynced()));
  }

  /** Resolves once everything up to `resourceVersion` was applied; for paced replays. */
  async whenObserved(resourceVersion: number): Promise<void> {
    await Promise.all(this.#reflectors.map((reflector) => reflector.whenObserved(resourceVersion)));
  }

  /** By app: its name is the profile's key. */
  get profiles(): Pick<Reflector<MeshProfile>, "get" | "values" | "decodeFailures"> {
    return this.#profiles;
  }

  /** Whether everything was listed once, however long ago. */
  get isListed(): boolean {
    return this.#reflectors.every((reflector) => reflector.isSynced);
  }

  /** What keeps the copy from being trusted, in words. */
  unreadyReasons(): readonly string[] {
    if (!this.isListed) return ["the cluster is not listed yet"];
    return this.ageMs() > STALE_MS ? ["the watches are stale: the API server is silent"] : [];
  }

  /** Time since the API server was last heard of by the watch that is the most out of touch. */
  ageMs(): number {
    return this.#clock.nowMs() - Math.min(...this.#reflectors.map(({ lastContactMs }) => lastContactMs));
  }

  #reflectOwners(): readonly Reflector<OwnerView>[] {
    const { ledger, changed = () => undefined } = this.#options;
    const handlers: ReflectorHandlers<OwnerView> = {
      upserted(owner) {
        ledger.upsertOwner(owner);
        changed({ kind: "owner" });
      },
      deleted(owner) {
        ledger.removeOwner(owner.uid);
        changed({ kind: "owner" });
      },
    };
    return [
      this.#reflect(REPLICA_SETS, decodeOwner, handlers),
      this.#reflect(STATEFUL_SETS, decodeOwner, handlers),
      this.#reflect(JOBS, decodeJob, handlers),
    ];
  }

  #reflect<T>(kind: ResourceKind, decode: (raw: unknown) => T, handlers: ReflectorHandlers<T>): Reflector<T> {
    const { connection, logger } = this.#options;
    return new Reflector<T>({
      connection,
      path: resourcePath(kind),
      decode,
      handlers,
      clock: this.#clock,
      random: Math.random,
      logger,
      name: kind.resource,
    });
  }
}
