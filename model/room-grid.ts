// Nodes of about one size over the shares of their CPU and of their memory that are free: the cells of one diagonal leave
// at least the same sum of shares, so that a search begins where a node may just have room and ends where too much would
// be left. On a diagonal most cells lie beside what a search asks for: which of them hold nodes is kept in bits, so that
// those are passed by without a look at them.

import type { NodeLedger } from "./node-ledger.ts";
import { type RoomFigures, SHARE_ERROR } from "./room-figures.ts";
import type { RoomNeed } from "./room-need.ts";
import { noResources, type Resources } from "./resources.ts";

/** Cells per resource: on ten thousand evenly filled nodes under a hundred are within one diagonal of another. */
const CELLS = 128;
const DIAGONALS = 2 * CELLS - 1;
const WORD_BITS = 32;
const DIAGONAL_WORDS = CELLS / WORD_BITS;

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
}

export class RoomGrid {
  readonly isProxyReady: boolean;
  readonly lacksSlot: boolean;
  /** Those that may have others of their kind, by hash. */
  readonly kinds = new Map<number, RoomKind>();
  /** Those that hold a node or have held one, and will again. */
  readonly #cells = new Map<number, RoomCell>();
  /** A bit for each that holds a node now, by its diagonal and by its place for CPU. */
  readonly #occupied = new Uint32Array(DIAGONALS * DIAGONAL_WORDS);
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
    let cell = this.cellAt(cpu, memory);
    if (cell === undefined) {
      cell = { cpu, memory, kinds: [], slots: [] };
      this.#cells.set(cpu * CELLS + memory, cell);
    }
    return cell;
  }

  cellAt(cpu: number, memory: number): RoomCell | undefined {
    return this.#cells.get(cpu * CELLS + memory);
  }

  /** On a diagonal, the first cell with a node at a place for CPU within these bounds; undefined if there is none. */
  occupiedCpu(diagonal: number, from: number, to: number): number | undefined {
    let mask = -1 << (from % WORD_BITS);
    for (let word = Math.floor(from / WORD_BITS); word * WORD_BITS <= to; word++) {
      const bits = (this.#occupied[diagonal * DIAGONAL_WORDS + word] ?? 0) & mask;
      mask = -1;
      if (bits === 0) continue;
      const cpu = word * WORD_BITS + lowestBit(bits);
      return cpu <= to ? cpu : undefined;
    }
    return undefined;
  }

  put(kind: RoomKind, cell: RoomCell): void {
    kind.cell = cell;
    kind.place = cell.kinds.length;
    if (kind.place === 0) this.#flip(cell);
    cell.kinds.push(kind);
    cell.slots.push(kind.slot);
  }

  remove({ cell, place }: RoomKind): void {
    replaceByLast(cell.kinds, place);
    const lastSlot = cell.slots.pop();
    if (lastSlot !== undefined && place < cell.slots.length) cell.slots[place] = lastSlot;
    if (cell.kinds.length === 0) this.#flip(cell);
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

  // When its first kind comes and when its last one goes.
  #flip({ cpu, memory }: RoomCell): void {
    const word = (cpu + memory) * DIAGONAL_WORDS + Math.floor(cpu / WORD_BITS);
    this.#occupied[word] = (this.#occupied[word] ?? 0) ^ (1 << (cpu % WORD_BITS));
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
  /** The present cell's place for CPU; beyond the diagonal's last one after that. */
  #cpu = 0;
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
    this.#toOccupied();
  }

  get hasMore(): boolean {
    return this.#diagonal < DIAGONALS;
  }

  /** What comes next, and all that follows, leaves no less. */
  get leftShareMin(): number {
    return this.#diagonal / CELLS - this.#takenShareMax;
  }

  /**
   * The next kind of the present diagonal that may take the group; undefined at its end, and the next diagonal with
   * a node that may is the present one then.
   */
  next(figures: RoomFigures, leftShareMax: number): RoomKind | undefined {
    const diagonal = this.#diagonal;
    const cpuMax = Math.min(CELLS - 1, diagonal - this.#memoryFrom);
    for (;;) {
      const cpu = this.#grid.occupiedCpu(diagonal, this.#cpu, cpuMax);
      if (cpu === undefined) break;
      const cell = this.#grid.cellAt(cpu, diagonal - cpu);
      // The place in the cell holds only for the cell that was left there.
      if (cpu !== this.#cpu) this.#kind = 0;
      this.#cpu = cpu;
      const slots = cell?.slots ?? NO_SLOTS;
      while (this.#kind < slots.length) {
        const place = this.#kind++;
        if (figures.mayTake(slots[place] as number, this.#need, leftShareMax)) return cell?.kinds[place];
      }
      this.#cpu++;
      this.#kind = 0;
    }
    this.#diagonal++;
    this.#toOccupied();
    return undefined;
  }

  // From the present diagonal on, to the first one with a node where one may have room.
  #toOccupied(): void {
    this.#kind = 0;
    for (; this.#diagonal < DIAGONALS; this.#diagonal++) {
      const cpuMax = Math.min(CELLS - 1, this.#diagonal - this.#memoryFrom);
      const cpu = this.#grid.occupiedCpu(this.#diagonal, this.#cpuFrom, cpuMax);
      if (cpu === undefined) continue;
      this.#cpu = cpu;
      return;
    }
  }
}

const NO_SLOTS: readonly number[] = [];

function placeOf(share: number): number {
  return Math.min(CELLS - 1, Math.max(0, Math.floor(share * CELLS)));
}

/** The lowest place of a node that may have so much free. */
function firstPlace(amount: number, size: number): number {
  return placeOf(amount / Math.max(1, size) - SHARE_ERROR);
}

function lowestBit(bits: number): number {
  return WORD_BITS - 1 - Math.clz32(bits & -bits);
}

// The order of kinds in a cell has no meaning.
function replaceByLast(items: { place: number }[], place: number): void {
  const last = items.pop();
  if (last === undefined || place === items.length) return;
  items[place] = last;
  last.place = place;
}
