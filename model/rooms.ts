// The nodes' free room: of all nodes, and of those that an app runs on and may have one more of its pods on. Only an app on
// many nodes has an index of its own; a few nodes are asked one by one.

import type { AppName } from "./brand.ts";
import type { HostNodes } from "./host-nodes.ts";
import type { NodeLedger } from "./node-ledger.ts";
import { RoomIndex } from "./room-index.ts";
import type { RoomNeed, RoomScope, RoomSearch } from "./room-need.ts";

/** Up to here asking every node costs less than keeping an index. */
const NODES_UNINDEXED_MAX = 64;

export interface HostingApp {
  readonly name: AppName;
  /** Those that any of its pods are on. */
  readonly nodes: HostNodes;
}

export class Rooms {
  readonly #podsPerNodeMax: (app: AppName) => number;
  readonly #all = new RoomIndex(({ isKnown }) => isKnown);
  readonly #hosts = new Map<AppName, RoomIndex>();

  constructor(podsPerNodeMax: (app: AppName) => number) {
    this.#podsPerNodeMax = podsPerNodeMax;
  }

  ofAll(need: RoomNeed, scope: RoomScope): RoomSearch {
    return this.#all.tightestFirst(need, scope);
  }

  /** Undefined for an app that nothing is known of. */
  ofHosts(hosting: HostingApp | undefined, need: RoomNeed, scope: RoomScope): RoomSearch {
    if (hosting === undefined) return NO_ROOMS;
    const { name: app, nodes } = hosting;
    if (nodes.size <= NODES_UNINDEXED_MAX) {
      this.#drop(app, nodes);
      return nodes.size === 0 ? NO_ROOMS : new EachOf(this.#openOf(app, nodes));
    }
    let index = this.#hosts.get(app);
    if (index === undefined) {
      index = new RoomIndex((node) => this.#isOpen(app, node));
      for (const node of nodes) {
        node.hostIndexes.add(index);
        index.touch(node);
      }
      this.#hosts.set(app, index);
    }
    return index.tightestFirst(need, scope);
  }

  /** Something about a node has changed. */
  touch(node: NodeLedger): void {
    node.isFreeKnown = false;
    this.#all.touch(node);
    for (const index of node.hostIndexes) index.touch(node);
  }

  /** The first of the app's pods has come to the node. */
  joined(app: AppName, node: NodeLedger): void {
    const index = this.#hosts.size === 0 ? undefined : this.#hosts.get(app);
    if (index !== undefined) node.hostIndexes.add(index);
  }

  /** The last of the app's pods has left the node. */
  left(app: AppName, node: NodeLedger): void {
    const index = this.#hosts.size === 0 ? undefined : this.#hosts.get(app);
    if (index === undefined) return;
    index.touch(node);
    node.hostIndexes.delete(index);
  }

  /** The app has left its last node. */
  forget(app: AppName): void {
    if (this.#hosts.size > 0) this.#hosts.delete(app);
  }

  #drop(app: AppName, nodes: Iterable<NodeLedger>): void {
    const index = this.#hosts.size === 0 ? undefined : this.#hosts.get(app);
    if (index === undefined) return;
    this.#hosts.delete(app);
    for (const node of nodes) node.hostIndexes.delete(index);
  }

  #openOf(app: AppName, nodes: HostNodes): readonly NodeLedger[] {
    // How many there may be is the same for all of them.
    const podsMax = this.#podsPerNodeMax(app);
    return nodes.where((node) => isOpen(app, node, podsMax));
  }

  // In a rollout the last old pods would otherwise lead the new ones to a node where they are then alone.
  #isOpen(app: AppName, node: NodeLedger): boolean {
    return isOpen(app, node, this.#podsPerNodeMax(app));
  }
}

function isOpen(app: AppName, node: NodeLedger, podsMax: number): boolean {
  const pods = node.appPods.get(app) ?? 0;
  return node.isKnown && pods < podsMax && node.stayingPods(app) > 0;
}

const NO_ROOMS: RoomSearch = { next: () => undefined };

/** A few nodes, one by one and in no order. */
class EachOf implements RoomSearch {
  readonly #nodes: readonly NodeLedger[];
  #asked = 0;

  constructor(nodes: readonly NodeLedger[]) {
    this.#nodes = nodes;
  }

  next(): readonly NodeLedger[] | undefined {
    const node = this.#nodes[this.#asked++];
    return node === undefined ? undefined : [node];
  }
}
