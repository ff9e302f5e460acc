// One node's account: what is bound to it, what is promised to it, and what its proxy must be. Sums are kept as whole
// numbers and updated with each entry, so that a question costs the same on an empty and on a full node.

import { assert } from "./assert.ts";
import type { AppName, NodeName, PodUid } from "./brand.ts";
import type { PodView } from "./cluster-view.ts";
import { type Correction, NO_CORRECTION } from "./correction.ts";
import type { NodeTraits } from "./node-traits.ts";
import { required, type UnitCost } from "./mesh-cost.ts";
import { addResources, maxResources, noResources, type Resources, subtractResources } from "./resources.ts";

/** A pod that takes room on a node: bound to it, or promised to it. */
export interface Occupant {
  readonly uid: PodUid;
  readonly app: AppName | undefined;
  readonly request: Resources;
  /** Its deletion is asked for: it holds its room until it is gone, and brings no others here. */
  readonly isTerminating?: boolean;
}

/** Room kept for the siblings of a pod that opened an instance; it ranks nodes and never rejects one. */
export interface SiblingHold {
  readonly app: AppName;
  readonly request: Resources;
  readonly pods: number;
  readonly expiresAtMs: number;
}

/** What policies may read of a node. */
export interface NodeAccount {
  readonly name: NodeName;
  readonly zone: string;
  readonly traits: NodeTraits | undefined;
  readonly allocatable: Resources;
  /** Σ A of all pods but the proxy, bound and promised. */
  readonly requested: Resources;
  /** What kube-scheduler counts for the proxy pods now; undefined without a proxy. */
  readonly counted: Resources | undefined;
  readonly isProxyReady: boolean;
  readonly proxyBase: Resources;
  readonly correction: Correction;
  /** Mesh pods of each app, bound and promised. */
  readonly appPods: ReadonlyMap<AppName, number>;
  /** Σ over apps of the model's cost, before correction. */
  readonly modelCost: Resources;
  readonly holds: ReadonlyMap<AppName, SiblingHold>;
  /** Every pod but the proxy, bound and promised. */
  readonly occupants: ReadonlyMap<PodUid, Occupant>;
  readonly proxies: ReadonlyMap<PodUid, PodView>;
  /** The app's pods that are not terminating. */
  stayingPods(app: AppName): number;
  /** In a copy: how many more pods of the app are on it than on the node it was made of. */
  supposedPods(app: AppName): number;
}

/** Told when something about a node has changed. */
interface ChangeWatcher {
  touch(node: NodeLedger): void;
}

export class NodeLedger implements NodeAccount {
  readonly name: NodeName;
  /** Small, and its own among the nodes that its ledger has now: for those who keep something of each node in a list. */
  readonly number: number;
  zone = "";
  traits: NodeTraits | undefined = undefined;
  allocatable: Resources = noResources;
  /** False for a node that pods name but that has not been seen itself. */
  isKnown = false;
  requested: Resources = noResources;
  modelCost: Resources = noResources;
  counted: Resources | undefined = undefined;
  isProxyReady = false;
  /** False after a change, until `addUpFree`. */
  isFreeKnown = false;
  /** Room beside pods, promises, and the larger of what the proxy requests and requires; negative if there is none. */
  freeCpuMilli = 0;
  /** Likewise, rounded down: small enough a number to lie within the object. */
  freeMemoryKib = 0;
  proxyBase: Resources = noResources;
  correction: Correction = NO_CORRECTION;
  readonly appPods = new Map<AppName, number>();
  readonly occupants = new Map<PodUid, Occupant>();
  readonly proxies = new Map<PodUid, PodView>();
  readonly holds = new Map<AppName, SiblingHold>();
  /** Of apps on many nodes, this one among them; kept by `Rooms`. */
  readonly hostIndexes = new Set<ChangeWatcher>();
  readonly #leavingPods = new Map<AppName, number>();

  #original: NodeLedger | undefined = undefined;

  constructor(name: NodeName, number = 0) {
    this.name = name;
    this.number = number;
  }

  stayingPods(app: AppName): number {
    const pods = this.appPods.get(app) ?? 0;
    return this.#leavingPods.size === 0 ? pods : pods - (this.#leavingPods.get(app) ?? 0);
  }

  supposedPods(app: AppName): number {
    const original = this.#original;
    return original === undefined ? 0 : (this.appPods.get(app) ?? 0) - (original.appPods.get(app) ?? 0);
  }

  add(occupant: Occupant, cost: UnitCost | undefined): void {
    assert(!this.occupants.has(occupant.uid), "a pod occupies a node once");
    this.occupants.set(occupant.uid, occupant);
    this.requested = addResources(this.requested, occupant.request);
    if (occupant.app === undefined || cost === undefined) return;
    const pods = this.appPods.get(occupant.app) ?? 0;
    if (pods === 0) this.modelCost = addResources(this.modelCost, cost.base);
    this.modelCost = addResources(this.modelCost, cost.perPod);
    this.appPods.set(occupant.app, pods + 1);
    if (occupant.isTerminating === true) this.#countLeaving(occupant.app, 1);
  }

  remove(uid: PodUid, cost: UnitCost | undefined): Occupant | undefined {
    const occupant = this.occupants.get(uid);
    if (occupant === undefined) return undefined;
    this.occupants.delete(uid);
    this.requested = subtractResources(this.requested, occupant.request);
    if (occupant.app !== undefined && cost !== undefined) {
      this.#removeAppPod(occupant.app, cost);
      if (occupant.isTerminating === true) this.#countLeaving(occupant.app, -1);
    }
    assert(this.requested.cpuMilli >= 0 && this.requested.memoryBytes >= 0, "requests never sum below zero");
    assert(
      this.modelCost.cpuMilli >= 0 && this.modelCost.memoryBytes >= 0,
      "mesh cost never sums below zero",
    );
    return occupant;
  }

  /** Replaces an app's costs in the sums. */
  recost(app: AppName, before: UnitCost, after: UnitCost): void {
    const pods = this.appPods.get(app) ?? 0;
    if (pods === 0) return;
    const cost = (unit: UnitCost): Resources => ({
      cpuMilli: unit.base.cpuMilli + pods * unit.perPod.cpuMilli,
      memoryBytes: unit.base.memoryBytes + pods * unit.perPod.memoryBytes,
    });
    this.modelCost = addResources(subtractResources(this.modelCost, cost(before)), cost(after));
  }

  setProxy(pod: PodView): void {
    this.proxies.set(pod.uid, pod);
    this.#sumProxies();
  }

  removeProxy(uid: PodUid): void {
    this.proxies.delete(uid);
    this.#sumProxies();
  }

  required(): Resources {
    return required(this);
  }

  addUpFree(): void {
    const { cpuMilli, memoryBytes } = this.required();
    const { allocatable, requested, counted = noResources } = this;
    this.freeCpuMilli = allocatable.cpuMilli - requested.cpuMilli - Math.max(counted.cpuMilli, cpuMilli);
    const freeBytes =
      allocatable.memoryBytes - requested.memoryBytes - Math.max(counted.memoryBytes, memoryBytes);
    this.freeMemoryKib = Math.floor(freeBytes / 1024);
    this.isFreeKnown = true;
  }

  /** An account of its own with the same entries. */
  copy(): NodeLedger {
    const copy = Object.assign(new NodeLedger(this.name, this.number), this, {
      appPods: new Map(this.appPods),
      occupants: new Map(this.occupants),
      proxies: new Map(this.proxies),
      holds: new Map(this.holds),
    });
    copy.#original = this;
    for (const [app, pods] of this.#leavingPods) copy.#leavingPods.set(app, pods);
    return copy;
  }

  get isEmpty(): boolean {
    return !this.isKnown && this.occupants.size === 0 && this.proxies.size === 0;
  }

  #removeAppPod(app: AppName, cost: UnitCost): void {
    const pods = (this.appPods.get(app) ?? 0) - 1;
    assert(pods >= 0, "an app's pods on a node never count below zero");
    this.modelCost = subtractResources(this.modelCost, cost.perPod);
    if (pods > 0) {
      this.appPods.set(app, pods);
    } else {
      this.appPods.delete(app);
      this.modelCost = subtractResources(this.modelCost, cost.base);
    }
  }

  #countLeaving(app: AppName, delta: 1 | -1): void {
    const pods = (this.#leavingPods.get(app) ?? 0) + delta;
    if (pods > 0) this.#leavingPods.set(app, pods);
    else this.#leavingPods.delete(app);
  }

  // During an upgrade two proxies share a node: both count, and the larger of their corrections and bases holds.
  #sumProxies(): void {
    this.counted = undefined;
    this.isProxyReady = false;
    this.proxyBase = noResources;
    let correction: Correction | undefined;
    for (const { request, proxy } of this.proxies.values()) {
      if (proxy === undefined) continue;
      this.counted = addResources(this.counted ?? noResources, request);
      this.isProxyReady ||= proxy.isReady;
      this.proxyBase = maxResources(this.proxyBase, proxy.base);
      correction = {
        cpu: Math.max(correction?.cpu ?? 0, proxy.correction.cpu),
        memory: Math.max(correction?.memory ?? 0, proxy.correction.memory),
      };
    }
    this.correction = correction ?? NO_CORRECTION;
  }
}
