// The ledger's questions answered from plain lists: nothing is kept up to date, everything is added up anew each time.

import type { AppName, NodeName, PodUid } from "#model/brand.ts";
import type { NodeView, OwnerView, PodView, ProxyView } from "#model/cluster-view.ts";
import type { PodDemand, Reservation } from "#model/ledger.ts";
import { defaultProfile, type MeshProfile } from "#model/mesh-profile.ts";
import type { SiblingHold } from "#model/node-ledger.ts";
import type { Resources } from "#model/resources.ts";

/** What a node's account must say. */
export interface PlainAccount {
  readonly zone: string;
  readonly allocatable: Resources;
  readonly requested: Resources;
  readonly counted: Resources | undefined;
  readonly isProxyReady: boolean;
  readonly appPods: ReadonlyMap<AppName, number>;
  /** Those of them that are not terminating, of the apps that have any. */
  readonly stayingPods: ReadonlyMap<AppName, number>;
  readonly modelCost: Resources;
  readonly required: Resources;
  readonly holds: ReadonlyMap<AppName, SiblingHold>;
}

export class PlainCluster {
  nodes: readonly NodeView[] = [];
  pods: readonly PodView[] = [];
  promises: readonly Reservation[] = [];
  profiles: readonly MeshProfile[] = [];
  owners: readonly OwnerView[] = [];
  holds: readonly { readonly node: NodeName; readonly hold: SiblingHold }[] = [];

  upsertNode(view: NodeView): void {
    this.nodes = [...this.nodes.filter(({ name }) => name !== view.name), view];
  }

  removeNode(name: NodeName): void {
    this.nodes = this.nodes.filter((node) => node.name !== name);
    this.holds = this.holds.filter(({ node }) => node !== name);
  }

  upsertPod(pod: PodView): void {
    this.pods = [...this.pods.filter(({ uid }) => uid !== pod.uid), pod];
    if (pod.isFinished || pod.nodeName !== undefined) this.release(pod.uid);
  }

  removePod(uid: PodUid): void {
    this.pods = this.pods.filter((pod) => pod.uid !== uid);
    this.release(uid);
  }

  setProfile(profile: MeshProfile): void {
    this.profiles = [...this.profiles.filter(({ app }) => app !== profile.app), profile];
  }

  removeProfile(name: AppName): void {
    this.profiles = this.profiles.filter(({ app }) => app !== name);
  }

  upsertOwner(owner: OwnerView): void {
    this.owners = [...this.owners.filter(({ uid }) => uid !== owner.uid), owner];
  }

  removeOwner(uid: string): void {
    this.owners = this.owners.filter((owner) => owner.uid !== uid);
  }

  reserve(promise: Reservation): void {
    const seen = this.pods.find(({ uid }) => uid === promise.pod.uid);
    if (seen !== undefined && (seen.isFinished || seen.nodeName !== undefined)) return;
    this.release(promise.pod.uid);
    this.promises = [...this.promises, promise];
  }

  release(uid: PodUid): void {
    this.promises = this.promises.filter(({ pod }) => pod.uid !== uid);
  }

  hold(node: NodeName, hold: SiblingHold): void {
    const others = this.holds.filter((other) => other.node !== node || other.hold.app !== hold.app);
    const isKept = hold.pods > 0 && this.nodes.some(({ name }) => name === node);
    this.holds = isKept ? [...others, { node, hold }] : others;
  }

  expire(nowMs: number): readonly Reservation[] {
    const isOver = ({ expiresAtMs }: { readonly expiresAtMs: number }): boolean => expiresAtMs <= nowMs;
    const expired = this.promises.filter(isOver);
    this.promises = this.promises.filter((promise) => !isOver(promise));
    this.holds = this.holds.filter(({ hold }) => !isOver(hold));
    return expired;
  }

  /** Undefined for a node that was not seen. */
  account(name: NodeName): PlainAccount | undefined {
    const view = this.nodes.find((node) => node.name === name);
    if (view === undefined) return undefined;
    const occupants = this.#occupants().filter(({ node }) => node === name);
    const proxies = this.#running().filter(({ nodeName, proxy }) => nodeName === name && proxy !== undefined);
    const proxyViews = proxies.map(({ proxy }) => proxy).filter((proxy) => proxy !== undefined);
    const appPods = countBy(occupants.flatMap(({ pod }) => pod.app ?? []));
    const modelCost = sum([...appPods].map(([app, pods]) => this.#appCost(app, pods)));
    return {
      zone: view.zone,
      allocatable: view.allocatable,
      requested: sum(occupants.map(({ pod }) => pod.request)),
      counted: proxies.length === 0 ? undefined : sum(proxies.map(({ request }) => request)),
      isProxyReady: proxyViews.some(({ isReady }) => isReady),
      appPods,
      stayingPods: countBy(
        occupants.flatMap(({ pod }) => (pod.isTerminating === true ? [] : (pod.app ?? []))),
      ),
      modelCost,
      required: requiredSize(proxyViews, modelCost),
      holds: new Map(this.holds.filter(({ node }) => node === name).map(({ hold }) => [hold.app, hold])),
    };
  }

  /** The app's pods in each zone that has any. */
  podsByZone(app: AppName): ReadonlyMap<string, number> {
    const zoneOf = (name: NodeName): string => this.nodes.find((node) => node.name === name)?.zone ?? "";
    const zones = this.#occupants()
      .filter(({ pod }) => pod.app === app)
      .map(({ node }) => zoneOf(node));
    return countBy(zones.filter((zone) => zone !== ""));
  }

  profile(name: AppName): MeshProfile {
    return this.profiles.find(({ app }) => app === name) ?? defaultProfile(name);
  }

  siblingsToCome(demand: PodDemand): number {
    const replicas = this.owners.find(({ uid }) => uid === demand.ownerUid)?.replicas ?? 0;
    const placed = this.#occupants().filter(
      ({ pod }) => pod.ownerUid === demand.ownerUid && pod.isTerminating !== true,
    );
    const others = placed.filter(({ pod }) => pod.uid !== demand.uid).length;
    const waiting = this.#running().filter(
      ({ uid, app, nodeName, isTerminating }) =>
        uid !== demand.uid &&
        isTerminating !== true &&
        app !== undefined &&
        app === demand.app &&
        nodeName === undefined &&
        !this.promises.some(({ pod }) => pod.uid === uid),
    );
    return Math.max(0, replicas - others - 1, waiting.length);
  }

  /** Nodes that were seen, and nodes that only pods or promises name. */
  nodeNames(): ReadonlySet<NodeName> {
    const named = this.#running().flatMap(({ nodeName }) => nodeName ?? []);
    return new Set([
      ...this.nodes.map(({ name }) => name),
      ...named,
      ...this.promises.map(({ node }) => node),
    ]);
  }

  #running(): readonly PodView[] {
    return this.pods.filter(({ isFinished }) => !isFinished);
  }

  #occupants(): readonly { readonly node: NodeName; readonly pod: PodDemand }[] {
    const bound = this.#running().flatMap((pod) =>
      pod.nodeName === undefined || pod.proxy !== undefined ? [] : [{ node: pod.nodeName, pod }],
    );
    return [...bound, ...this.promises];
  }

  #appCost(app: AppName, pods: number): Resources {
    const { base, perPod, perConnection, perKiloRps, ...planned } = this.profile(app).cost;
    const cost = (resource: keyof Resources): number => {
      const traffic =
        planned.connectionsPerPod * perConnection[resource] + planned.kiloRpsPerPod * perKiloRps[resource];
      return Math.ceil(base[resource]) + pods * Math.ceil(perPod[resource] + traffic);
    };
    return { cpuMilli: cost("cpuMilli"), memoryBytes: cost("memoryBytes") };
  }
}

function requiredSize(proxies: readonly ProxyView[], modelCost: Resources): Resources {
  const largest = (values: readonly number[], none: number): number =>
    values.length === 0 ? none : Math.max(...values);
  const size = (resource: keyof Resources, factors: readonly number[]): number =>
    largest(
      proxies.map(({ base }) => base[resource]),
      0,
    ) + Math.ceil(largest(factors, 1) * modelCost[resource]);
  return {
    cpuMilli: size(
      "cpuMilli",
      proxies.map(({ correction }) => correction.cpu),
    ),
    memoryBytes: size(
      "memoryBytes",
      proxies.map(({ correction }) => correction.memory),
    ),
  };
}

function sum(amounts: readonly Resources[]): Resources {
  const total = { cpuMilli: 0, memoryBytes: 0 };
  for (const { cpuMilli, memoryBytes } of amounts) {
    total.cpuMilli += cpuMilli;
    total.memoryBytes += memoryBytes;
  }
  return total;
}

function countBy<T>(values: readonly T[]): Map<T, number> {
  const counts = new Map<T, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return counts;
}
