// The nodes worth asking for a pod, found without asking all: a grid over free CPU and free memory, and one of each
// kind of untouched node to stand for the others. What is left out either cannot fit or equals a node that is asked
// and has an earlier name, so that no decision changes.

import type { NodeName } from "#model/brand.ts";
import type { NodeLedger } from "#model/node-ledger.ts";
import type { Resources } from "#model/resources.ts";
import { MinHeap } from "#runtime/min-heap.ts";

/** Cells per resource: enough that full nodes are passed over together, few enough to walk for every pod. */
const CELLS = 32;

type Cell = Set<NodeLedger>;

interface Home {
  readonly node: NodeLedger;
  /** Where the node stands in the grid; undefined for an untouched node, and for one without a place for a pod. */
  readonly cell: Cell | undefined;
  /** What an untouched node is like; undefined once there is something on it. */
  readonly kind: string | undefined;
}

export class RoomyNodes {
  readonly #podsPerNodeMax: number;
  readonly #homes = new Map<NodeName, Home>();
  /** Names by kind; a name stays after its node was touched or removed until it comes first. */
  readonly #untouched = new Map<string, MinHeap<NodeName>>();
  #cells: Cell[] = emptyGrid();
  /** What one cell spans: the largest node's share. */
  #cell: Resources = { cpuMilli: 0, memoryBytes: 0 };

  /** @param podsPerNodeMax pods that a node's kubelet takes, the proxy's own included. */
  constructor(podsPerNodeMax: number) {
    this.#podsPerNodeMax = podsPerNodeMax;
  }

  /** Nodes that may have room for `request`; every node that has is among them, or equals one with an earlier name. */
  *withRoomFor(request: Resources): Generator<NodeLedger, void, void> {
    const cpuFrom = cellOf(request.cpuMilli, this.#cell.cpuMilli);
    const memoryFrom = cellOf(request.memoryBytes, this.#cell.memoryBytes);
    for (let cpu = cpuFrom; cpu < CELLS; cpu++) {
      for (let memory = memoryFrom; memory < CELLS; memory++) {
        const cell = this.#cells[cpu * CELLS + memory];
        if (cell !== undefined && cell.size > 0) yield* cell;
      }
    }
    for (const [kind, names] of this.#untouched) {
      const first = this.#firstOf(kind, names);
      if (first !== undefined) yield first;
    }
  }

  hasPodSlot(node: NodeLedger): boolean {
    return node.occupants.size + node.proxies.size < this.#podsPerNodeMax;
  }

  /** Puts a node where it belongs; to be called whenever something on it has changed. */
  touch(node: NodeLedger): void {
    this.#widenTo(node.allocatable);
    const before = this.#homes.get(node.name);
    const kind = kindIfUntouched(node);
    const cell = kind === undefined && this.hasPodSlot(node) ? this.#cellFor(node) : undefined;
    if (before !== undefined && before.kind === kind && before.cell === cell) return;
    before?.cell?.delete(node);
    cell?.add(node);
    this.#homes.set(node.name, { node, cell, kind });
    if (kind !== undefined) this.#addUntouched(kind, node.name);
  }

  remove({ name }: NodeLedger): void {
    const home = this.#homes.get(name);
    home?.cell?.delete(home.node);
    this.#homes.delete(name);
  }

  #addUntouched(kind: string, name: NodeName): void {
    let names = this.#untouched.get(kind);
    if (names === undefined) {
      names = new MinHeap((a, b) => a < b);
      this.#untouched.set(kind, names);
    }
    names.push(name);
  }

  #firstOf(kind: string, names: MinHeap<NodeName>): NodeLedger | undefined {
    for (let name = names.peek(); name !== undefined; name = names.peek()) {
      const home = this.#homes.get(name);
      if (home?.kind === kind) return home.node;
      names.pop();
    }
    return undefined;
  }

  #cellFor(node: NodeLedger): Cell | undefined {
    const required = node.required();
    const free = (resource: keyof Resources): number =>
      node.allocatable[resource] -
      node.requested[resource] -
      Math.max(required[resource], node.counted?.[resource] ?? 0);
    const cpu = cellOf(free("cpuMilli"), this.#cell.cpuMilli);
    const memory = cellOf(free("memoryBytes"), this.#cell.memoryBytes);
    return this.#cells[cpu * CELLS + memory];
  }

  /** A node larger than any before makes all cells wider. */
  #widenTo({ cpuMilli, memoryBytes }: Resources): void {
    if (cpuMilli <= this.#cell.cpuMilli * CELLS && memoryBytes <= this.#cell.memoryBytes * CELLS) return;
    this.#cell = {
      cpuMilli: Math.max(this.#cell.cpuMilli, cpuMilli / CELLS),
      memoryBytes: Math.max(this.#cell.memoryBytes, memoryBytes / CELLS),
    };
    this.#cells = emptyGrid();
    for (const { node, kind } of this.#homes.values()) {
      const cell = kind === undefined && this.hasPodSlot(node) ? this.#cellFor(node) : undefined;
      cell?.add(node);
      this.#homes.set(node.name, { node, cell, kind });
    }
  }
}

function emptyGrid(): Cell[] {
  return Array.from({ length: CELLS * CELLS }, () => new Set<NodeLedger>());
}

/** Rounded down: what fits into a node is never in a higher cell than the node's room. */
function cellOf(amount: number, span: number): number {
  return span === 0 ? 0 : Math.min(CELLS - 1, Math.max(0, Math.floor(amount / span)));
}

/** Nodes of a run differ in nothing else while they are untouched: their proxies have one base and one correction. */
function kindIfUntouched({ occupants, holds, allocatable, counted }: NodeLedger): string | undefined {
  if (occupants.size > 0 || holds.size > 0) return undefined;
  const sizes = [
    allocatable.cpuMilli,
    allocatable.memoryBytes,
    counted?.cpuMilli ?? 0,
    counted?.memoryBytes ?? 0,
  ];
  return sizes.join("/");
}
