// The cluster's account: nodes, the pods bound and promised to them, and what their proxies must be. Rebuilt from the
// API after a restart; the only state that placement decisions read. Reservations are keyed by pod and carry an
// expiry; an app's base is charged once however many of its first pods are in flight.

import { type AppAccount, AppAccounts } from "./app-account.ts";
import type { AppName, NodeName, PodUid } from "./brand.ts";
import type { NodeView, OwnerView, PodView } from "./cluster-view.ts";
import type { UnitCost } from "./mesh-cost.ts";
import { defaultProfile, type MeshProfile } from "./mesh-profile.ts";
import { type NodeAccount, NodeLedger, type SiblingHold } from "./node-ledger.ts";
import { NominatedPods } from "./nominated-pods.ts";
import { OwnerCounts } from "./owner-counts.ts";
import type { Resources } from "./resources.ts";
import type { RoomNeed, RoomScope, RoomSearch } from "./room-need.ts";
import { Rooms } from "./rooms.ts";
import { SupposedNode } from "./supposed-node.ts";
import { ZoneCounts } from "./zone-counts.ts";

/** A pod that wants a node, or has one. */
export interface PodDemand {
  readonly uid: PodUid;
  readonly app: AppName | undefined;
  readonly request: Resources;
  readonly ownerUid: string | undefined;
  readonly isTerminating?: boolean;
}

export interface Reservation {
  readonly pod: PodDemand;
  readonly node: NodeName;
  readonly expiresAtMs: number;
}

/** What policies may read. */
export interface LedgerView {
  node(name: NodeName): NodeAccount | undefined;
  nodes(): Iterable<NodeAccount>;
  nodesOfApp(app: AppName): Iterable<NodeAccount>;
  /** The nodes that may take so much, those first that may be left with the least. */
  rooms(need: RoomNeed, scope: RoomScope): RoomSearch;
  /** Likewise of those that the app already runs on, will go on running on, and may have one more of its pods on. */
  roomsOfApp(app: AppName, need: RoomNeed, scope: RoomScope): RoomSearch;
  profile(app: AppName): MeshProfile;
  unitCost(app: AppName): UnitCost;
  siblingsToCome(pod: PodDemand): number;
  /** The app's pods in each zone, bound and promised; zones without any are absent. */
  podsByZone(app: AppName): ReadonlyMap<string, number>;
  /** The newest state seen of a pod; undefined if it was never seen or is gone. */
  pod(uid: PodUid): PodView | undefined;
  /** Looks through all pods: for people's questions, not for decisions. */
  podNamed(namespace: string, name: string): PodView | undefined;
  /** Pods that wait for the node by nomination and hold no promise. */
  nominatedTo(name: NodeName): readonly PodView[];
  /** Nodes that any pods are nominated to, with a promise or without. */
  nominatedNodes(): Iterable<NodeName>;
  /** The promise that a pod holds now. */
  reservationOf(uid: PodUid): Reservation | undefined;
  /** Every promise that stands now. */
  reservations(): Iterable<Reservation>;
  /** A copy of a known node to take pods out of and put pods on. */
  suppose(name: NodeName): SupposedNode | undefined;
}

export class ClusterLedger implements LedgerView {
  readonly #nodes = new Map<NodeName, NodeLedger>();
  /** Of nodes that have gone, for those to come. */
  readonly #freeNumbers: number[] = [];
  readonly #pods = new Map<PodUid, PodView>();
  readonly #reservations = new Map<PodUid, Reservation>();
  readonly #apps = new AppAccounts();
  readonly #owners = new OwnerCounts();
  readonly #zoneCounts = new ZoneCounts();
  readonly #heldNodes = new Set<NodeLedger>();
  readonly #nominated = new NominatedPods();
  readonly #rooms = new Rooms((app) => this.profile(app).placement.maxPodsPerNode ?? Infinity);

  // ── What the watches report ──────────────────────────────────────────────────────────────────────────────────

  upsertNode(view: NodeView): void {
    const node = this.#nodeLedger(view.name);
    node.isKnown = true;
    node.allocatable = view.allocatable;
    this.#zoneCounts.move(node, view.zone);
    node.traits = view.traits;
    this.#rooms.touch(node);
  }

  removeNode(name: NodeName): void {
    const node = this.#nodes.get(name);
    if (node === undefined) return;
    node.isKnown = false;
    this.#zoneCounts.move(node, "");
    node.holds.clear();
    this.#heldNodes.delete(node);
    this.#rooms.touch(node);
    this.#dropIfEmpty(node);
  }

  /** Takes a pod's newest state; a pod seen bound ends its reservation, wherever that was. */
  upsertPod(pod: PodView): void {
    if (this.#isRenewedProxy(pod)) return;
    this.#forget(pod.uid);
    this.#pods.set(pod.uid, pod);
    if (pod.isFinished) return this.release(pod.uid);
    if (pod.nodeName === undefined) {
      this.#nominated.add(pod);
      return this.#addPending(pod);
    }
    this.release(pod.uid);
    const node = this.#nodeLedger(pod.nodeName);
    if (pod.proxy === undefined) return this.#occupy(node, pod);
    node.setProxy(pod);
    this.#rooms.touch(node);
  }

  removePod(uid: PodUid): void {
    this.#forget(uid);
    this.release(uid);
  }

  setProfile(profile: MeshProfile): void {
    this.#setProfile(this.#apps.opened(profile.app), profile);
  }

  removeProfile(app: AppName): void {
    const account = this.#apps.of(app);
    if (account === undefined) return;
    this.#setProfile(account, undefined);
    this.#apps.dropIfIdle(account);
  }

  upsertOwner({ uid, replicas }: OwnerView): void {
    this.#owners.setReplicas(uid, replicas);
  }

  /** How many pods the owner wants; 0 for one that is not there. */
  replicasOf(uid: string): number {
    return this.#owners.replicas(uid);
  }

  removeOwner(uid: string): void {
    this.#owners.setReplicas(uid, 0);
  }

  // ── Promises ─────────────────────────────────────────────────────────────────────────────────────────────────

  /** Promises room on a node to a pod that is not seen bound yet; a later promise replaces an earlier one. */
  reserve(reservation: Reservation): void {
    const { pod, node } = reservation;
    const seen = this.#pods.get(pod.uid);
    if (seen?.isFinished === true || seen?.nodeName !== undefined) return;
    this.release(pod.uid);
    this.#reservations.set(pod.uid, reservation);
    if (seen?.app !== undefined) this.#apps.removePending(seen.app, pod.uid);
    this.#occupy(this.#nodeLedger(node), pod);
  }

  /** Gives a promise back; nothing happens if there is none. */
  release(uid: PodUid): void {
    const reservation = this.#reservations.get(uid);
    if (reservation === undefined) return;
    this.#reservations.delete(uid);
    this.#vacate(reservation.node, reservation.pod);
    const seen = this.#pods.get(uid);
    if (seen !== undefined && !seen.isFinished && seen.nodeName === undefined) this.#addPending(seen);
  }

  /** Keeps room for the siblings of an app on a node, for as long as the node stays; `pods: 0` ends it. */
  hold(nodeName: NodeName, hold: SiblingHold): void {
    const node = this.node(nodeName);
    if (node === undefined) return;
    if (hold.pods > 0) node.holds.set(hold.app, hold);
    else node.holds.delete(hold.app);
    if (node.holds.size > 0) this.#heldNodes.add(node);
    else this.#heldNodes.delete(node);
    this.#rooms.touch(node);
  }

  /** Ends promises and holds whose time is over; returns the promises that ended so. */
  expire(nowMs: number): readonly Reservation[] {
    const expired: Reservation[] = [];
    for (const promise of this.#reservations.values())
      if (promise.expiresAtMs <= nowMs) expired.push(promise);
    for (const { pod } of expired) this.release(pod.uid);
    for (const node of this.#heldNodes) {
      for (const hold of node.holds.values()) {
        if (hold.expiresAtMs <= nowMs) this.hold(node.name, { ...hold, pods: 0 });
      }
    }
    return expired;
  }

  // ── Questions ────────────────────────────────────────────────────────────────────────────────────────────────

  node(name: NodeName): NodeLedger | undefined {
    const node = this.#nodes.get(name);
    return node?.isKnown === true ? node : undefined;
  }

  *nodes(): Iterable<NodeLedger> {
    for (const node of this.#nodes.values()) if (node.isKnown) yield node;
  }

  *nodesOfApp(app: AppName): Iterable<NodeLedger> {
    for (const node of this.#apps.of(app)?.nodes ?? []) if (node.isKnown) yield node;
  }

  rooms(need: RoomNeed, scope: RoomScope): RoomSearch {
    return this.#rooms.ofAll(need, scope);
  }

  roomsOfApp(app: AppName, need: RoomNeed, scope: RoomScope): RoomSearch {
    return this.#rooms.ofHosts(this.#apps.of(app), need, scope);
  }

  pod(uid: PodUid): PodView | undefined {
    return this.#pods.get(uid);
  }

  podNamed(namespace: string, name: string): PodView | undefined {
    for (const pod of this.#pods.values()) if (pod.name === name && pod.namespace === namespace) return pod;
    return undefined;
  }

  nominatedNodes(): Iterable<NodeName> {
    return this.#nominated.nodes();
  }

  nominatedTo(name: NodeName): readonly PodView[] {
    return this.#nominated.to(name, ({ uid }) => !this.#reservations.has(uid));
  }

  suppose(name: NodeName): SupposedNode | undefined {
    const node = this.node(name);
    return node === undefined ? undefined : new SupposedNode(node, (app) => this.unitCost(app));
  }

  reservationOf(uid: PodUid): Reservation | undefined {
    return this.#reservations.get(uid);
  }

  reservations(): Iterable<Reservation> {
    return this.#reservations.values();
  }

  get reservationCount(): number {
    return this.#reservations.size;
  }

  profile(app: AppName): MeshProfile {
    return this.#apps.of(app)?.profile ?? defaultProfile(app);
  }

  unitCost(app: AppName): UnitCost {
    return this.#apps.unitCost(app);
  }

  /**
   * How many more pods like this one are expected: what its owner still lacks, and no fewer than the app's pods that
   * wait unbound. The pod itself is not counted. Terminating pods are neither placed nor waiting: their controller makes
   * others in their place.
   */
  siblingsToCome({ uid, app, ownerUid }: PodDemand): number {
    const lacking = ownerUid === undefined ? 0 : this.#owners.lacking(ownerUid);
    const isPlaced = ownerUid !== undefined && this.#placedOwner(uid) === ownerUid;
    const pending = app === undefined ? undefined : this.#apps.of(app)?.pending;
    const isPending = pending?.has(uid) === true;
    return Math.max(0, lacking - (isPlaced ? 0 : 1), (pending?.size ?? 0) - (isPending ? 1 : 0));
  }

  podsByZone(app: AppName): ReadonlyMap<string, number> {
    return this.#zoneCounts.of(app);
  }

  get nodeCount(): number {
    return this.#nodes.size;
  }

  // ── Bookkeeping ──────────────────────────────────────────────────────────────────────────────────────────────

  // A proxy that only changed, as with each resize, stays where it is.
  #isRenewedProxy(pod: PodView): boolean {
    if (pod.proxy === undefined || pod.nodeName === undefined || pod.isFinished) return false;
    const node = this.#nodes.get(pod.nodeName);
    if (node?.proxies.has(pod.uid) !== true) return false;
    this.#pods.set(pod.uid, pod);
    node.setProxy(pod);
    this.#rooms.touch(node);
    return true;
  }

  #occupy(node: NodeLedger, pod: PodDemand): void {
    const { app, isTerminating = false } = pod;
    const account = app === undefined ? undefined : this.#apps.opened(app);
    // The pod itself, not a copy of what an occupant is: there may be 150,000.
    node.add(pod, account?.unitCost);
    if (!isTerminating) this.#countOwner(pod.ownerUid, 1);
    if (account !== undefined) {
      this.#zoneCounts.add(account.name, node.zone, 1);
      if (node.appPods.get(account.name) === 1) {
        account.nodes.add(node);
        this.#rooms.joined(account.name, node);
      }
    }
    this.#rooms.touch(node);
  }

  #vacate(name: NodeName, pod: PodDemand): void {
    const node = this.#nodes.get(name);
    const app = pod.app;
    const account = app === undefined ? undefined : this.#apps.of(app);
    if (node?.remove(pod.uid, account?.unitCost) === undefined) return;
    if (pod.isTerminating !== true) this.#countOwner(pod.ownerUid, -1);
    if (app !== undefined) this.#zoneCounts.add(app, node.zone, -1);
    if (account !== undefined && !node.appPods.has(account.name)) {
      account.nodes.delete(node);
      this.#rooms.left(account.name, node);
      if (account.nodes.size === 0) this.#rooms.forget(account.name);
      this.#apps.dropIfIdle(account);
    }
    this.#rooms.touch(node);
    this.#dropIfEmpty(node);
  }

  // Takes a pod's last state out of the sums; its promise, if any, stays.
  #forget(uid: PodUid): void {
    const pod = this.#pods.get(uid);
    if (pod === undefined) return;
    this.#pods.delete(uid);
    if (pod.app !== undefined) this.#apps.removePending(pod.app, uid);
    this.#nominated.remove(pod);
    if (pod.nodeName === undefined || pod.isFinished) return;
    if (pod.proxy === undefined) return this.#vacate(pod.nodeName, pod);
    const node = this.#nodes.get(pod.nodeName);
    if (node === undefined) return;
    node.removeProxy(uid);
    this.#rooms.touch(node);
    this.#dropIfEmpty(node);
  }

  // Pending pods are those without a promise.
  #addPending(pod: PodView): void {
    if (pod.app === undefined || pod.isTerminating === true || this.#reservations.has(pod.uid)) return;
    this.#apps.addPending(pod.app, pod.uid);
  }

  // The owner that a bound or promised pod counts for.
  #placedOwner(uid: PodUid): string | undefined {
    const seen = this.#pods.get(uid);
    const isBound = seen?.nodeName !== undefined && !seen.isFinished && seen.proxy === undefined;
    if (isBound) return seen.isTerminating === true ? undefined : seen.ownerUid;
    return this.#reservations.get(uid)?.pod.ownerUid;
  }

  #countOwner(uid: string | undefined, delta: 1 | -1): void {
    if (uid !== undefined) this.#owners.place(uid, delta);
  }

  #setProfile(account: AppAccount, profile: MeshProfile | undefined): void {
    const before = account.unitCost;
    account.profile = profile;
    account.unitCost = this.#apps.costBy(profile);
    for (const node of account.nodes) {
      node.recost(account.name, before, account.unitCost);
      this.#rooms.touch(node);
    }
  }

  #nodeLedger(name: NodeName): NodeLedger {
    let node = this.#nodes.get(name);
    if (node === undefined) {
      node = new NodeLedger(name, this.#freeNumbers.pop() ?? this.#nodes.size);
      this.#nodes.set(name, node);
    }
    return node;
  }

  #dropIfEmpty(node: NodeLedger): void {
    if (!node.isEmpty) return;
    this.#nodes.delete(node.name);
    this.#freeNumbers.push(node.number);
    this.#heldNodes.delete(node);
  }
}
