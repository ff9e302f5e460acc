// What the host hears of the cluster, and from whom: the API in production, the test itself in tests.

import type { AppName, PodUid } from "#model/brand.ts";
import type { CallerRules } from "#model/callers.ts";
import type { AppPorts, Isolation, Observation, Quota, TcpPort } from "#model/mesh-profile.ts";
import type { Shares } from "#model/shares.ts";

import type { WatchedPod } from "../policy/pod-registry.ts";
import type { IdentityMaterial } from "./identity/app-identity.ts";
import type { Succession } from "../policy/succession.ts";

/** What the proxy needs of a MeshProfile. */
export interface AppSettings {
  readonly app: AppName;
  readonly quota: Quota;
  /** Absent: a thread. */
  readonly isolation?: Isolation;
  readonly observation?: Observation;
  readonly tcpPorts?: readonly TcpPort[];
  readonly ports: AppPorts | undefined;
  /** Absent: anybody. */
  readonly callers?: CallerRules;
  /** Of all this but the ports; absent where nobody counts. */
  readonly version?: number;
  /** Another one than before asks for another instance. */
  readonly restartId?: string;
}

export interface ClusterListener {
  podSeen(pod: WatchedPod): void;
  podDeleted(uid: PodUid): void;
  /** A complete list has been reported; what is not in it is not there. */
  podsListed(uids: ReadonlySet<PodUid>): void;
  settingsSeen(settings: AppSettings): void;
  settingsDeleted(app: AppName): void;
  settingsListed(apps: ReadonlySet<AppName>): void;
  /** How the proxy's size is shared among its apps; undefined if that is not said any more. */
  /** The app is certified, or certified anew. */
  identitySeen(app: AppName, material: IdentityMaterial): void;
  sharesSeen(shares: Shares | undefined): void;
}

export interface ClusterSource {
  /** True once both pods and profiles have been listed completely. */
  readonly isSynced: boolean;
  /** Profiles and shares that made no sense, counted each time one was met; what was known before goes on serving. */
  readonly refusedConfigurations: number;
  /** As far as is known. */
  readonly succession: Succession;
  /** The apps that have instances on the node, whenever that changed. */
  hosting?(apps: ReadonlySet<AppName>): void;
  start(listener: ClusterListener): void;
  stop(): Promise<void>;
}
