// Nodes of about one size over the shares of their CPU and of their memory that are free: the cells of one diagonal leave
// at least the same sum of shares, so that a search begins where a node may just have room and ends where too much would
// be left.

import type { NodeLedger } from "./node-ledger.ts";
import { type RoomFigures, SHARE_ERROR } from "./room-figures.ts";
import type { RoomNeed } from "./room-need.ts";
import { noResources, type Resources } from "./resources.ts";

/** Cells per resource: on ten thousand evenly filled nodes under a hundred are within one diagonal of another. */
const CELLS = 128;

/** Nodes of which everything that a decision asks is the same. */
export interface RoomKind {
  /** By name. */
  readonly nodes: NodeLedger[];
  /** Where its figures and its key are. */
  readonly slot: number;
  /** Undefined for one that is like no other. */
  hash: number | undefined;
  readonly grid: RoomGrid;
  cell: RoomCell;
  /** Among the cell's kinds. */
  place: number;
}

export interface RoomCell {
  readonly cpu: number;
  readonly memory: number;
  readonly kinds: RoomKind[];
  /** Of the kinds, in the same order: most are passed by for their figures alone. */
  readonly slots: number[];
  /** Among its diagonal's cells. */
  place: number;
}

export class RoomGrid {
  readonly isProxyReady: boolean;
  readonly lacksSlot: boolean;
  /** By the sum of their places; only cells that hold a node. */
  readonly diagonals: readonly RoomCell[][] = Array.from({ length: 2 * CELLS - 1 }, () => []);
  /** Those that may have others of their kind, by hash. */
  readonly kinds = new Map<number, RoomKind>();
  readonly #cells = new Map<number, RoomCell>();
  /** Extremes of all nodes that were ever here: still bounds when those have left. */
  sizeMin: Resources = { cpuMilli: Infinity, memoryBytes: Infinity };
  sizeMax: Resources = noResources;
  readonly correctionMax = { cpu: 0, memory: 0 };

  constructor(isProxyReady: boolean, lacksSlot: boolean) {
    this.isProxyReady = isProxyReady;
    this.lacksSlot = lacksSlot;
  }

  /** The cell that the node belongs to now; made if there is none. */
  cellOf(node: NodeLedger): RoomCell {
    const { allocatable, requested, counted = noResources } = node;
    const required = node.required();
    const free = (resource: keyof Resources): number =>
      allocatable[resource] - requested[resource] - Math.max(required[resource], counted[resource]);
    const cpu = placeOf(free("cpuMilli") / Math.max(1, allocatable.cpuMilli));
    const memory = placeOf(free("memoryBytes") / Math.max(1, allocatable.memoryBytes));
    const key = cpu * CELLS + memory;
    let cell = this.#cells.get(key);
    if (cell === undefined) {
      const diagonal = this.diagonals[cpu + memory] ?? [];
      cell = { cpu, memory, kinds: [], slots: [], place: diagonal.length };
      diagonal.push(cell);
      this.#cells.set(key, cell);
    }
    return cell;
  }

  put(kind: RoomKind, cell: RoomCell): void {
    kind.cell = cell;
    kind.place = cell.kinds.length;
    cell.kinds.push(kind);
    cell.slots.push(kind.slot);
  }

  remove({ cell, place }: RoomKind): void {
    replaceByLast(cell.kinds, place);
    const lastSlot = cell.slots.pop();
    if (lastSlot !== undefined && place < cell.slots.length) cell.slots[place] = lastSlot;
    if (cell.kinds.length > 0) return;
    this.#cells.delete(cell.cpu * CELLS + cell.memory);
    replaceByLast(this.diagonals[cell.cpu + cell.memory] ?? [], cell.place);
  }

  widenTo({ allocatable: { cpuMilli, memoryBytes }, correction }: NodeLedger): void {
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

/** Walks one grid's kinds, diagonal by diagonal, from the first that can hold a node with room. */
export class GridSearch {
  readonly #grid: RoomGrid;
  readonly #need: RoomNeed;
  readonly #cpuFrom: number;
  readonly #memoryFrom: number;
  readonly #takenShareMax: number;
  #diagonal: number;
  #cell = 0;
  #kind = 0;

  constructor(grid: RoomGrid, need: RoomNeed) {
    const { request, grownMax } = need;
    this.#need = need;
    const { sizeMin, sizeMax, correctionMax } = grid;
    this.#grid = grid;
    this.#cpuFrom = firstPlace(request.cpuMilli, sizeMax.cpuMilli);
    this.#memoryFrom = firstPlace(request.memoryBytes, sizeMax.memoryBytes);
    // Two roundings up, of the proxy with and without the group, are within one unit of one.
    const cpuMilli = request.cpuMilli + Math.ceil(correctionMax.cpu * grownMax.cpuMilli) + 1;
    const memoryBytes = request.memoryBytes + Math.ceil(correctionMax.memory * grownMax.memoryBytes) + 1;
    this.#takenShareMax =
      cpuMilli / Math.max(1, sizeMin.cpuMilli) + memoryBytes / Math.max(1, sizeMin.memoryBytes) + SHARE_ERROR;
    this.#diagonal = this.#cpuFrom + this.#memoryFrom;
    this.#skipEmpty();
  }

  get hasMore(): boolean {
    return this.#diagonal < this.#grid.diagonals.length;
  }

  /** What comes next, and all that follows, leaves no less. */
  get leftShareMin(): number {
    return this.#diagonal / CELLS - this.#takenShareMax;
  }

  /**
   * The next kind of the present diagonal that may take the group; undefined at its end, and the next diagonal is the
   * present one then.
   */
  next(figures: RoomFigures, leftShareMax: number): RoomKind | undefined {
    const cells = this.#grid.diagonals[this.#diagonal] ?? [];
    for (;;) {
      const cell = cells[this.#cell];
      if (cell === undefined) break;
      const { slots } = cell;
      if (cell.cpu < this.#cpuFrom || cell.memory < this.#memoryFrom) this.#kind = slots.length;
      while (this.#kind < slots.length) {
        const place = this.#kind++;
        if (figures.mayTake(slots[place] as number, this.#need, leftShareMax)) return cell.kinds[place];
      }
      this.#cell++;
      this.#kind = 0;
    }
    this.#cell = 0;
    this.#diagonal++;
    this.#skipEmpty();
    return undefined;
  }

  #skipEmpty(): void {
    while (this.#grid.diagonals[this.#diagonal]?.length === 0) this.#diagonal++;
  }
}

function placeOf(share: number): number {
  return Math.min(CELLS - 1, Math.max(0, Math.floor(share * CELLS)));
}

/** The lowest place of a node that may have so much free. */
function firstPlace(amount: number, size: number): number {
  return placeOf(amount / Math.max(1, size) - SHARE_ERROR);
}

// The order of kinds in a cell, and of cells in a diagonal, has no meaning.
function replaceByLast(items: { place: number }[], place: number): void {
  const last = items.pop();
  if (last === undefined || place === items.length) return;
  items[place] = last;
  last.place = place;
}
