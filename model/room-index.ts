// Nodes by the room that is left on them, so that the tightest one that takes a pod, or a group of pods, is found without
// asking all. A node stands in a grid over the shares of its CPU and its memory that are free. Nodes of other sizes,
// without a ready proxy or without a place for a pod stand in grids of their own. Nodes of one kind stand there as one.
//
// What is left out cannot take the pod, or is certainly left with more than what was found, so that no decision changes.

import type { NodeLedger } from "./node-ledger.ts";
import { RoomFigures } from "./room-figures.ts";
import { GridSearch, RoomGrid, type RoomKind } from "./room-grid.ts";
import { RoomKeys, roomHash } from "./room-keys.ts";
import type { RoomNeed, RoomScope, RoomSearch } from "./room-need.ts";

/** Sizes within a fifth share a grid: what a pod takes of the smallest bounds what it takes of all of them. */
const SIZE_RATIO = 1.2;

export class RoomIndex {
  readonly #isIn: (node: NodeLedger) => boolean;
  readonly #homes = new Map<NodeLedger, RoomKind>();
  readonly #grids = new Map<number, RoomGrid>();
  readonly #changed = new Set<NodeLedger>();
  readonly #figures = new RoomFigures();
  readonly #keys = new RoomKeys();

  /** @param isIn which nodes belong here now; asked of each node after a change. */
  constructor(isIn: (node: NodeLedger) => boolean) {
    this.#isIn = isIn;
  }

  /** To be called whenever something about a node has changed; the index is put right when it is next asked. */
  touch(node: NodeLedger): void {
    this.#changed.add(node);
  }

  /** Every node that takes the group comes up, or is of a kind with an earlier one, or is left with more than was asked. */
  tightestFirst(need: RoomNeed, { mayLackSlot }: RoomScope): RoomSearch {
    this.#putRight();
    const searches: GridSearch[] = [];
    for (const grid of this.#grids.values()) {
      if (need.isMesh && !grid.isProxyReady) continue;
      if (grid.lacksSlot && !mayLackSlot) continue;
      const search = new GridSearch(grid, need);
      if (search.hasMore) searches.push(search);
    }
    return new IndexSearch(searches, this.#figures);
  }

  #putRight(): void {
    if (this.#changed.size === 0) return;
    for (const node of this.#changed) this.#put(node);
    this.#changed.clear();
  }

  #put(node: NodeLedger): void {
    const home = this.#homes.get(node);
    if (!this.#isIn(node)) {
      if (home !== undefined) this.#leave(node, home);
      this.#homes.delete(node);
      return;
    }
    const grid = this.#gridFor(node);
    // With holds, a node is like no other.
    const hash = node.holds.size > 0 ? undefined : roomHash(node);
    const alike = hash === undefined ? undefined : grid.kinds.get(hash);
    if (alike !== undefined && alike === home && this.#keys.fits(home.slot, node)) return;
    const kind =
      alike !== undefined && alike !== home && this.#keys.fits(alike.slot, node) ? alike : undefined;
    if (kind === undefined && home?.grid === grid && home.nodes.length === 1)
      return this.#renew(home, node, hash);
    if (home !== undefined) this.#leave(node, home);
    if (kind === undefined) return this.#found(node, { grid, hash });
    kind.nodes.splice(indexByName(kind.nodes, node), 0, node);
    this.#homes.set(node, kind);
  }

  #found(node: NodeLedger, { grid, hash }: Pick<RoomKind, "grid" | "hash">): void {
    const kind: RoomKind = {
      nodes: [node],
      slot: this.#figures.take(),
      hash: undefined,
      grid,
      cell: grid.cellOf(node),
      place: 0,
    };
    grid.put(kind, kind.cell);
    this.#homes.set(node, kind);
    this.#describe(kind, node, hash);
  }

  // Most changes are of a node that has no like, and that stays where it is.
  #renew(kind: RoomKind, node: NodeLedger, hash: number | undefined): void {
    const { grid } = kind;
    if (kind.hash !== undefined) grid.kinds.delete(kind.hash);
    const cell = grid.cellOf(node);
    if (cell !== kind.cell) {
      grid.remove(kind);
      grid.put(kind, cell);
    }
    this.#describe(kind, node, hash);
  }

  #describe(kind: RoomKind, node: NodeLedger, hash: number | undefined): void {
    const { grid, slot } = kind;
    grid.widenTo(node);
    this.#figures.set(slot, node);
    this.#keys.set(slot, node);
    // Where another kind has the same hash, this one stays without likes: a node too many is asked, and no other chosen.
    kind.hash = hash === undefined || grid.kinds.has(hash) ? undefined : hash;
    if (kind.hash !== undefined) grid.kinds.set(kind.hash, kind);
  }

  #leave(node: NodeLedger, kind: RoomKind): void {
    const { nodes, grid, hash, slot } = kind;
    let index = indexByName(nodes, node);
    // One that left and came back under its name is another one.
    while (index < nodes.length && nodes[index] !== node) index++;
    nodes.splice(index, 1);
    if (nodes.length > 0) return;
    grid.remove(kind);
    if (hash !== undefined) grid.kinds.delete(hash);
    this.#figures.giveBack(slot);
  }

  #gridFor(node: NodeLedger): RoomGrid {
    const { allocatable, isProxyReady, traits, occupants, proxies } = node;
    const lacksSlot = traits !== undefined && occupants.size + proxies.size >= traits.podsMax;
    const sizes = sizeClass(allocatable.cpuMilli) * SIZE_CLASSES + sizeClass(allocatable.memoryBytes);
    const key = 4 * sizes + (isProxyReady ? 2 : 0) + (lacksSlot ? 1 : 0);
    let grid = this.#grids.get(key);
    if (grid === undefined) {
      grid = new RoomGrid(isProxyReady, lacksSlot);
      this.#grids.set(key, grid);
    }
    return grid;
  }
}

class IndexSearch implements RoomSearch {
  readonly #searches: readonly GridSearch[];
  readonly #figures: RoomFigures;
  #present: GridSearch | undefined;

  constructor(searches: readonly GridSearch[], figures: RoomFigures) {
    this.#searches = searches;
    this.#figures = figures;
  }

  next(leftShareMax: number): readonly NodeLedger[] | undefined {
    for (;;) {
      this.#present ??= this.#tightest();
      if (this.#present === undefined || this.#present.leftShareMin > leftShareMax) return undefined;
      const kind = this.#present.next(this.#figures, leftShareMax);
      if (kind !== undefined) return kind.nodes;
      this.#present = undefined;
    }
  }

  #tightest(): GridSearch | undefined {
    let tightest: GridSearch | undefined;
    for (const search of this.#searches) {
      if (!search.hasMore) continue;
      if (tightest === undefined || search.leftShareMin < tightest.leftShareMin) tightest = search;
    }
    return tightest;
  }
}

/** More than there are classes up to the largest number that is exact. */
const SIZE_CLASSES = 256;

function sizeClass(amount: number): number {
  return Math.round(Math.log(Math.max(1, amount)) / Math.log(SIZE_RATIO));
}

/** Where the node stands, or would stand, among nodes in order of their names. */
function indexByName(nodes: readonly NodeLedger[], { name }: NodeLedger): number {
  let from = 0;
  let to = nodes.length;
  while (from < to) {
    const middle = (from + to) >> 1;
    if ((nodes[middle]?.name ?? name) < name) from = middle + 1;
    else to = middle;
  }
  return from;
}
