// What a search asks of one kind of nodes after the other, as plain numbers side by side: on ten thousand nodes most of
// a decision's time would else go into fetching accounts from all over the memory only to find them too full.
//   left(n) = allocatable − Σ requests − A − max(counted, required + growth),   growth within one unit of correction · grown

import { LEAN_SHARE, takesLeanRoom } from "./lean-room.ts";
import { noResources } from "./resources.ts";
import type { NodeLedger } from "./node-ledger.ts";
import type { RoomNeed } from "./room-need.ts";

/** One line of the processor's cache. */
const FIELDS = 8;
const SLOTS_AT_FIRST = 64;
/** Above what the arithmetic of shares can lose. */
export const SHARE_ERROR = 1e-9;

export class RoomFigures {
  #values = new Float64Array(FIELDS * SLOTS_AT_FIRST);
  readonly #freeSlots: number[] = [];
  #slots = 0;

  /** A place for the figures of one kind. */
  take(): number {
    const slot = this.#freeSlots.pop() ?? this.#slots++;
    if (this.#slots * FIELDS > this.#values.length) {
      const values = new Float64Array(2 * this.#values.length);
      values.set(this.#values);
      this.#values = values;
    }
    return slot;
  }

  giveBack(slot: number): void {
    this.#freeSlots.push(slot);
  }

  set(slot: number, node: NodeLedger): void {
    const { allocatable, requested, counted = noResources, correction } = node;
    const required = node.required();
    const cpuMilli = allocatable.cpuMilli - requested.cpuMilli;
    const memoryBytes = allocatable.memoryBytes - requested.memoryBytes;
    const values = this.#values;
    let at = slot * FIELDS;
    values[at++] = cpuMilli - counted.cpuMilli;
    values[at++] = cpuMilli - required.cpuMilli;
    values[at++] = correction.cpu;
    values[at++] = Math.max(1, allocatable.cpuMilli);
    values[at++] = memoryBytes - counted.memoryBytes;
    values[at++] = memoryBytes - required.memoryBytes;
    values[at++] = correction.memory;
    values[at] = Math.max(1, allocatable.memoryBytes);
  }

  /** False if such a node certainly does not take the group, or is certainly left with more than `leftShareMax`. */
  mayTake(slot: number, need: RoomNeed, leftShareMax: number): boolean {
    const { request, grownMin, grownMax, podTakes } = need;
    const at = slot * FIELDS;
    const cpuBesideProxy = this.#value(at) - request.cpuMilli;
    const cpuSpare = this.#value(at + 1) - request.cpuMilli;
    const cpuFactor = this.#value(at + 2);
    // Two roundings up, of the proxy with and without the group, are within one unit of one.
    const cpuSpareMax = cpuSpare - cpuFactor * grownMin.cpuMilli + 1;
    if (cpuBesideProxy < 0 || cpuSpareMax < 0) return false;
    const memoryBesideProxy = this.#value(at + 4) - request.memoryBytes;
    const memorySpare = this.#value(at + 5) - request.memoryBytes;
    const memoryFactor = this.#value(at + 6);
    const memorySpareMax = memorySpare - memoryFactor * grownMin.memoryBytes + 1;
    if (memoryBesideProxy < 0 || memorySpareMax < 0) return false;
    const cpuSize = this.#value(at + 3);
    const memorySize = this.#value(at + 7);
    const cpuLeft = Math.min(cpuBesideProxy, cpuSpare - cpuFactor * grownMax.cpuMilli - 1);
    const memoryLeft = Math.min(memoryBesideProxy, memorySpare - memoryFactor * grownMax.memoryBytes - 1);
    const cpuLeftMin = cpuLeft / cpuSize - SHARE_ERROR;
    const memoryLeftMin = memoryLeft / memorySize - SHARE_ERROR;
    if (cpuLeftMin + memoryLeftMin > leftShareMax) return false;
    if (podTakes === undefined || (cpuLeftMin >= LEAN_SHARE && memoryLeftMin >= LEAN_SHARE)) return true;
    const leftMin = { cpu: cpuLeftMin, memory: memoryLeftMin };
    const leftMax = {
      cpu: Math.min(cpuBesideProxy, cpuSpareMax) / cpuSize + SHARE_ERROR,
      memory: Math.min(memoryBesideProxy, memorySpareMax) / memorySize + SHARE_ERROR,
    };
    const taken = { cpu: podTakes.cpuMilli / cpuSize, memory: podTakes.memoryBytes / memorySize };
    return !takesLeanRoom({ taken, leftMin, leftMax });
  }

  #value(at: number): number {
    return this.#values[at] as number;
  }
}
