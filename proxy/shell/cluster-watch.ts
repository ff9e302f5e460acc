// The API server as a source: the mesh pods of this node, its proxies' own pods, all MeshProfiles, and the node-level slices
// of all Services, each by one watch.

import { MESH_ENABLED, MESH_LABEL, PROXY_LABEL } from "#model/app.ts";
import type { AppName, NodeName } from "#model/brand.ts";
import type { NodeSlice } from "#model/node-slice.ts";
import { SHARES_ANNOTATION } from "#model/shares.ts";
import type { KubeConnection } from "#kube/connection.ts";
import { DecodeError } from "#kube/decode-pod.ts";
import { decodeNodeSlice, MANAGED_SELECTOR, SERVICE_LABEL } from "#kube/node-slice.ts";
import { Reflector } from "#kube/reflector.ts";
import { decodeNodeProfile } from "#kube/released-profile.ts";
import { ENDPOINT_SLICES, MESH_PROFILES, PODS, resourcePath } from "#kube/resource-path.ts";
import { decodeShares } from "#kube/shares-annotation.ts";
import type { Clock } from "#runtime/clock.ts";
import type { Logger } from "#runtime/logger.ts";

import { NO_SUCCESSION, successionOf } from "../policy/succession.ts";
import type { ProxyPodView, Succession } from "../policy/succession.ts";
import type { AppSettings, ClusterListener, ClusterSource } from "./cluster-source.ts";
import { IdentityWatch, type IdentityWatchOptions } from "./identity/identity-watch.ts";
import type { ServiceTable } from "./service-table.ts";
import { projectPod } from "./pod-projection.ts";
import type { ProjectedPod } from "./pod-projection.ts";
import { projectProxyPod } from "./proxy-pod-projection.ts";

export interface ClusterWatchOptions {
  readonly connection: Pick<KubeConnection, "request" | "watch" | "close">;
  readonly nodeName: NodeName;
  /** The pod that this proxy runs in; undefined: other proxies are known by what they say themselves alone. */
  readonly podName: string | undefined;
  /** Absent: apps are not certified. */
  readonly identity?: Pick<IdentityWatchOptions, "trustDomain" | "meshRoots" | "keep" | "kept">;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly random: () => number;
  /** Kept up to date with the slices of the extender's leader. */
  readonly services: Pick<ServiceTable, "sliceSeen" | "sliceGone">;
}

export class ClusterWatch implements ClusterSource {
  readonly #options: ClusterWatchOptions;
  #pods: Reflector<ProjectedPod> | undefined;
  #proxies: Reflector<SharedProxyPod> | undefined;
  #sharesText: string | undefined;
  #refusedShares = 0;
  #profiles: Reflector<AppSettings> | undefined;
  #slices: Reflector<NodeSlice> | undefined;
  #identities: IdentityWatch | undefined;
  #hosted: ReadonlySet<AppName> = new Set();

  constructor(options: ClusterWatchOptions) {
    this.#options = options;
  }

  get isSynced(): boolean {
    return this.#pods?.isSynced === true && this.#profiles?.isSynced === true;
  }

  get refusedConfigurations(): number {
    return this.#refusedShares + (this.#profiles?.decodeFailures ?? 0);
  }

  get succession(): Succession {
    const { podName } = this.#options;
    if (podName === undefined || this.#proxies === undefined) return NO_SUCCESSION;
    return successionOf(this.#proxies.values(), podName);
  }

  hosting(apps: ReadonlySet<AppName>): void {
    this.#hosted = apps;
    this.#identities?.want(apps);
  }

  start(listener: ClusterListener): void {
    const { identity } = this.#options;
    if (identity !== undefined) {
      this.#identities = new IdentityWatch({ ...this.#options, ...identity, listener });
      this.#identities.want(this.#hosted);
      this.#identities.start();
    }
    this.#pods = this.#podReflector(listener);
    this.#profiles = this.#profileReflector(listener);
    this.#pods.start();
    this.#profiles.start();
    // Not waited for: until they are listed, Services are reached directly, as without the mesh.
    this.#slices = this.#sliceReflector();
    this.#slices.start();
    if (this.#options.podName === undefined) return;
    this.#proxies = this.#proxyReflector(listener);
    this.#proxies.start();
  }

  async stop(): Promise<void> {
    const reflectors = [this.#pods, this.#profiles, this.#slices, this.#proxies];
    await Promise.all([...reflectors.map((reflector) => reflector?.stop()), this.#identities?.stop()]);
    await this.#options.connection.close();
  }

  #podReflector(listener: ClusterListener): Reflector<ProjectedPod> {
    const { connection, nodeName, clock, logger, random } = this.#options;
    const reflector: Reflector<ProjectedPod> = new Reflector({
      connection,
      clock,
      logger,
      random,
      name: "pods",
      path: resourcePath(PODS),
      query: {
        fieldSelector: `spec.nodeName=${nodeName}`,
        labelSelector: `${MESH_LABEL}=${MESH_ENABLED}`,
      },
      decode: projectPod,
      handlers: {
        upserted: (value, previous) => reportPod(listener, value, previous),
        deleted: (value) => listener.podDeleted(value.uid),
        synced: () => {
          const uids = [...reflector.values()].filter(({ pod }) => pod !== undefined).map(({ uid }) => uid);
          listener.podsListed(new Set(uids));
        },
      },
    });
    return reflector;
  }

  // Not waited for to be ready: until it is told its shares, the proxy holds apps to their own quotas.
  #proxyReflector(listener: ClusterListener): Reflector<SharedProxyPod> {
    const { connection, nodeName, podName, clock, logger, random } = this.#options;
    return new Reflector({
      connection,
      clock,
      logger,
      random,
      name: "proxy pods",
      path: resourcePath(PODS),
      query: { fieldSelector: `spec.nodeName=${nodeName}`, labelSelector: PROXY_LABEL },
      decode: (raw) => ({ ...projectProxyPod(raw), sharesText: sharesTextOf(raw) }),
      handlers: {
        upserted: ({ name, sharesText }) => {
          if (name === podName) this.#sharesSeen(sharesText, listener);
        },
        deleted: () => undefined,
      },
    });
  }

  #sliceReflector(): Reflector<NodeSlice> {
    const { services, ...shared } = this.#options;
    return new Reflector({
      ...shared,
      name: "endpointslices",
      path: resourcePath(ENDPOINT_SLICES),
      // Of the extender's leader alone, which mends what others write into them.
      query: { labelSelector: `${MANAGED_SELECTOR},${SERVICE_LABEL}` },
      decode: decodeNodeSlice,
      handlers: {
        upserted: (slice) => services.sliceSeen(slice),
        deleted: (slice) => services.sliceGone(slice),
      },
    });
  }

  #sharesSeen(text: string | undefined, listener: ClusterListener): void {
    if (text === this.#sharesText) return;
    this.#sharesText = text;
    try {
      listener.sharesSeen(text === undefined ? undefined : decodeShares(text));
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      this.#refusedShares += 1;
      this.#options.logger.error({ error: error.message }, "shares refused; those before stay");
    }
  }

  #profileReflector(listener: ClusterListener): Reflector<AppSettings> {
    const { connection, nodeName, clock, logger, random } = this.#options;
    const reflector: Reflector<AppSettings> = new Reflector({
      connection,
      clock,
      logger,
      random,
      name: "meshprofiles",
      path: resourcePath(MESH_PROFILES),
      // As far as it is this node's turn.
      decode: (raw) => decodeNodeProfile(raw, nodeName),
      handlers: {
        upserted: (value) => listener.settingsSeen(value),
        deleted: (value) => listener.settingsDeleted(value.app),
        synced: () => listener.settingsListed(new Set([...reflector.values()].map(({ app }) => app))),
      },
    });
    return reflector;
  }
}

type SharedProxyPod = ProxyPodView & { readonly sharesText: string | undefined };

function sharesTextOf(raw: unknown): string | undefined {
  const { metadata } = raw as {
    readonly metadata?: { readonly annotations?: Readonly<Record<string, string>> | null };
  };
  return metadata?.annotations?.[SHARES_ANNOTATION];
}

/** A StatefulSet's pod keeps its name and changes its uid, which the watch may show as one change. */
function reportPod(listener: ClusterListener, value: ProjectedPod, previous: ProjectedPod | undefined): void {
  if (previous !== undefined && previous.uid !== value.uid) listener.podDeleted(previous.uid);
  if (value.pod !== undefined) listener.podSeen(value.pod);
  else if (value.isFinished || (previous?.uid === value.uid && previous.pod !== undefined)) {
    listener.podDeleted(value.uid);
  }
}
