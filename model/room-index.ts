// Nodes by the room that is left on them, so that the tightest one that takes a pod, or a group of pods, is found without
// asking all. A node stands in a grid over the shares of its CPU and its memory that are free; the cells of one diagonal
// leave at least the same sum of shares. Nodes of other sizes, without a ready proxy or without a place for a pod stand in
// grids of their own. Nodes of which everything that a decision asks is the same form a kind: the first one by name
// speaks for all.
//
// What is left out cannot take the pod, and what comes later leaves at least as much, so that no decision changes.

import type { NodeLedger } from "./node-ledger.ts";
import type { Resources } from "./resources.ts";

/** What a group of pods takes at least, and at most. */
export interface RoomNeed {
  /** Σ A: taken in any case. */
  readonly request: Resources;
  /** What the model of the node's proxy grows by at most, before the node's correction. */
  readonly grown: Resources;
  /** Only nodes with a ready proxy. */
  readonly isMesh: boolean;
}

export interface RoomQuestion extends RoomNeed {
  /** Also nodes that have as many pods as their kubelet takes: whoever named them knows better. */
  readonly mayLackSlot: boolean;
}

/** Some nodes of one kind each; those that come later in the search leave no less. */
export interface RoomCell {
  /** After the group: the node's share of CPU left and its share of memory left, added up, are no less than this. */
  readonly leftShareMin: number;
  /** Nodes of one kind by name. */
  readonly kinds: Iterable<readonly NodeLedger[]>;
}

/** Cells per resource: on ten thousand evenly filled nodes under a hundred are within one diagonal of another. */
const CELLS = 128;
/** Sizes within a fifth share a grid: what a pod takes of the smallest bounds what it takes of all of them. */
const SIZE_RATIO = 1.2;
/** Above what the arithmetic of shares can lose. */
const SHARE_ERROR = 1e-9;

export class RoomIndex {
  readonly #isIn: (node: NodeLedger) => boolean;
  readonly #homes = new Map<NodeLedger, Home>();
  readonly #grids = new Map<string, Grid>();
  readonly #changed = new Set<NodeLedger>();

  /** @param isIn which nodes belong here now; asked of each node after a change. */
  constructor(isIn: (node: NodeLedger) => boolean) {
    this.#isIn = isIn;
  }

  /** To be called whenever something about a node has changed; the index is put right when it is next asked. */
  touch(node: NodeLedger): void {
    this.#changed.add(node);
  }

  /** Every node that takes the group is in one of the cells, or is of a kind with an earlier one that stands there. */
  *tightestFirst(need: RoomQuestion): Generator<RoomCell, void, void> {
    this.#putRight();
    const searches: GridSearch[] = [];
    for (const grid of this.#grids.values()) {
      if (need.isMesh && !grid.isProxyReady) continue;
      if (grid.lacksSlot && !need.mayLackSlot) continue;
      const search = new GridSearch(grid, need);
      if (search.hasMore) searches.push(search);
    }
    for (;;) {
      let next: GridSearch | undefined;
      for (const search of searches) {
        if (search.hasMore && (next === undefined || search.leftShareMin < next.leftShareMin)) next = search;
      }
      if (next === undefined) return;
      yield* next.diagonal();
    }
  }

  #putRight(): void {
    for (const node of this.#changed) this.#put(node);
    this.#changed.clear();
  }

  #put(node: NodeLedger): void {
    const before = this.#homes.get(node);
    if (!this.#isIn(node)) {
      before?.grid.remove(node, before);
      this.#homes.delete(node);
      return;
    }
    const grid = this.#gridFor(node);
    const { cpu, memory } = placeOf(node);
    const kind = kindOf(node);
    if (
      before?.grid === grid &&
      before.kind === kind &&
      before.cell.cpu === cpu &&
      before.cell.memory === memory
    )
      return;
    before?.grid.remove(node, before);
    this.#homes.set(node, { grid, kind, cell: grid.add(node, { cpu, memory, kind }) });
  }

  #gridFor(node: NodeLedger): Grid {
    const { allocatable, isProxyReady, traits, occupants, proxies } = node;
    const lacksSlot = traits !== undefined && occupants.size + proxies.size >= traits.podsMax;
    const sizes = `${sizeClass(allocatable.cpuMilli)}/${sizeClass(allocatable.memoryBytes)}`;
    const key = `${sizes}/${isProxyReady}/${lacksSlot}`;
    let grid = this.#grids.get(key);
    if (grid === undefined) {
      grid = new Grid(isProxyReady, lacksSlot);
      this.#grids.set(key, grid);
    }
    return grid;
  }
}

interface Home {
  readonly grid: Grid;
  readonly cell: Cell;
  readonly kind: string;
}

interface Place {
  readonly cpu: number;
  readonly memory: number;
}

interface Cell extends Place {
  readonly kinds: Map<string, NodeLedger[]>;
}

class Grid {
  readonly isProxyReady: boolean;
  readonly lacksSlot: boolean;
  /** By the sum of their places; only cells that hold a node. */
  readonly diagonals: Map<number, Cell>[] = Array.from(
    { length: 2 * CELLS - 1 },
    () => new Map<number, Cell>(),
  );
  /** Extremes of all nodes that were ever here: still bounds when those have left. */
  sizeMin: Resources = { cpuMilli: Infinity, memoryBytes: Infinity };
  sizeMax: Resources = { cpuMilli: 0, memoryBytes: 0 };
  correctionMax = { cpu: 0, memory: 0 };

  constructor(isProxyReady: boolean, lacksSlot: boolean) {
    this.isProxyReady = isProxyReady;
    this.lacksSlot = lacksSlot;
  }

  add(node: NodeLedger, { cpu, memory, kind }: Place & { readonly kind: string }): Cell {
    this.#widenTo(node);
    const diagonal = this.diagonals[cpu + memory] ?? new Map<number, Cell>();
    const cell = diagonal.get(cpu) ?? { cpu, memory, kinds: new Map<string, NodeLedger[]>() };
    diagonal.set(cpu, cell);
    const nodes = cell.kinds.get(kind);
    if (nodes === undefined) cell.kinds.set(kind, [node]);
    else nodes.splice(indexByName(nodes, node), 0, node);
    return cell;
  }

  remove(node: NodeLedger, { cell, kind }: Pick<Home, "cell" | "kind">): void {
    const nodes = cell.kinds.get(kind) ?? [];
    let index = indexByName(nodes, node);
    // One that left and came back under its name is another one.
    while (index < nodes.length && nodes[index] !== node) index++;
    nodes.splice(index, 1);
    if (nodes.length === 0) cell.kinds.delete(kind);
    if (cell.kinds.size === 0) this.diagonals[cell.cpu + cell.memory]?.delete(cell.cpu);
  }

  #widenTo({ allocatable: { cpuMilli, memoryBytes }, correction }: NodeLedger): void {
    const { sizeMin, sizeMax, correctionMax } = this;
    if (cpuMilli < sizeMin.cpuMilli || memoryBytes < sizeMin.memoryBytes) {
      this.sizeMin = {
        cpuMilli: Math.min(sizeMin.cpuMilli, cpuMilli),
        memoryBytes: Math.min(sizeMin.memoryBytes, memoryBytes),
      };
    }
    if (cpuMilli > sizeMax.cpuMilli || memoryBytes > sizeMax.memoryBytes) {
      this.sizeMax = {
        cpuMilli: Math.max(sizeMax.cpuMilli, cpuMilli),
        memoryBytes: Math.max(sizeMax.memoryBytes, memoryBytes),
      };
    }
    correctionMax.cpu = Math.max(correctionMax.cpu, correction.cpu);
    correctionMax.memory = Math.max(correctionMax.memory, correction.memory);
  }
}

/** One grid's diagonals, from the first that can hold a node with room. */
class GridSearch {
  readonly #grid: Grid;
  readonly #from: Place;
  readonly #takenShareMax: number;
  #diagonal: number;

  constructor(grid: Grid, { request, grown }: RoomNeed) {
    const { sizeMin, sizeMax, correctionMax } = grid;
    this.#grid = grid;
    this.#from = {
      cpu: firstCell(request.cpuMilli, sizeMax.cpuMilli),
      memory: firstCell(request.memoryBytes, sizeMax.memoryBytes),
    };
    // Two roundings up, of the proxy with and without the group, are within one unit of one.
    const cpuMilli = request.cpuMilli + Math.ceil(correctionMax.cpu * grown.cpuMilli) + 1;
    const memoryBytes = request.memoryBytes + Math.ceil(correctionMax.memory * grown.memoryBytes) + 1;
    this.#takenShareMax =
      cpuMilli / Math.max(1, sizeMin.cpuMilli) + memoryBytes / Math.max(1, sizeMin.memoryBytes) + SHARE_ERROR;
    this.#diagonal = this.#from.cpu + this.#from.memory;
    this.#skipEmpty();
  }

  get hasMore(): boolean {
    return this.#diagonal < this.#grid.diagonals.length;
  }

  get leftShareMin(): number {
    return this.#diagonal / CELLS - this.#takenShareMax;
  }

  *diagonal(): Generator<RoomCell, void, void> {
    const { leftShareMin } = this;
    const cells = this.#grid.diagonals[this.#diagonal]?.values() ?? [];
    for (const { cpu, memory, kinds } of cells) {
      if (cpu >= this.#from.cpu && memory >= this.#from.memory) yield { leftShareMin, kinds: kinds.values() };
    }
    this.#diagonal++;
    this.#skipEmpty();
  }

  #skipEmpty(): void {
    while (this.#grid.diagonals[this.#diagonal]?.size === 0) this.#diagonal++;
  }
}

function placeOf(node: NodeLedger): Place {
  const { allocatable, requested, counted } = node;
  const required = node.required();
  const cellOf = (resource: keyof Resources): number => {
    const free =
      allocatable[resource] - requested[resource] - Math.max(required[resource], counted?.[resource] ?? 0);
    const share = free / Math.max(1, allocatable[resource]);
    return Math.min(CELLS - 1, Math.max(0, Math.floor(share * CELLS)));
  };
  return { cpu: cellOf("cpuMilli"), memory: cellOf("memoryBytes") };
}

/** The lowest cell with a node that may have so much free. */
function firstCell(amount: number, size: number): number {
  const share = amount / Math.max(1, size) - SHARE_ERROR;
  return Math.min(CELLS - 1, Math.max(0, Math.floor(share * CELLS)));
}

function sizeClass(amount: number): number {
  return Math.round(Math.log(Math.max(1, amount)) / Math.log(SIZE_RATIO));
}

/** All that a decision reads of a node but its name, its pods' apps and its traits; with holds, a node is like no other. */
function kindOf(node: NodeLedger): string {
  const { name, allocatable, requested, modelCost, counted, proxyBase, correction, zone, holds } = node;
  if (holds.size > 0) return name;
  const sizes = [allocatable, requested, modelCost, proxyBase, counted].map(
    (size) => `${size?.cpuMilli}/${size?.memoryBytes}`,
  );
  return `${sizes.join("/")}/${correction.cpu}/${correction.memory}/${zone}`;
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
