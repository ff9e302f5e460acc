// Which nodes are of one kind: those of which everything that a decision asks is the same, but the name, the pods' apps
// and the traits. The first one by name speaks for all of them.

import type { NodeLedger } from "./node-ledger.ts";

const FIELDS = 12;
const SLOTS_AT_FIRST = 64;
const WORD = 2 ** 32;

/** What each kind's nodes have in common, as they were when they were last put in order. */
export class RoomKeys {
  #values = new Float64Array(FIELDS * SLOTS_AT_FIRST);
  readonly #zones: string[] = [];

  set(slot: number, node: NodeLedger): void {
    while ((slot + 1) * FIELDS > this.#values.length) {
      const values = new Float64Array(2 * this.#values.length);
      values.set(this.#values);
      this.#values = values;
    }
    const { allocatable, requested, modelCost, proxyBase, counted, correction } = node;
    const values = this.#values;
    let at = slot * FIELDS;
    values[at++] = allocatable.cpuMilli;
    values[at++] = allocatable.memoryBytes;
    values[at++] = requested.cpuMilli;
    values[at++] = requested.memoryBytes;
    values[at++] = modelCost.cpuMilli;
    values[at++] = modelCost.memoryBytes;
    values[at++] = proxyBase.cpuMilli;
    values[at++] = proxyBase.memoryBytes;
    values[at++] = counted?.cpuMilli ?? NO_PROXY;
    values[at++] = counted?.memoryBytes ?? NO_PROXY;
    values[at++] = correction.cpu;
    values[at] = correction.memory;
    this.#zones[slot] = node.zone;
  }

  fits(slot: number, node: NodeLedger): boolean {
    const { allocatable, requested, modelCost, proxyBase, counted, correction } = node;
    const values = this.#values;
    let at = slot * FIELDS;
    return (
      values[at++] === allocatable.cpuMilli &&
      values[at++] === allocatable.memoryBytes &&
      values[at++] === requested.cpuMilli &&
      values[at++] === requested.memoryBytes &&
      values[at++] === modelCost.cpuMilli &&
      values[at++] === modelCost.memoryBytes &&
      values[at++] === proxyBase.cpuMilli &&
      values[at++] === proxyBase.memoryBytes &&
      values[at++] === (counted?.cpuMilli ?? NO_PROXY) &&
      values[at++] === (counted?.memoryBytes ?? NO_PROXY) &&
      values[at++] === correction.cpu &&
      values[at] === correction.memory &&
      this.#zones[slot] === node.zone
    );
  }
}

/** No request is negative. */
const NO_PROXY = -1;

/** The same for nodes of one kind, and seldom for others. */
export function roomHash({ allocatable, requested, modelCost, counted }: NodeLedger): number {
  let hash = mixed(allocatable.cpuMilli, requested.cpuMilli);
  hash = mixed(hash, allocatable.memoryBytes);
  hash = mixed(hash, requested.memoryBytes);
  hash = mixed(hash, modelCost.cpuMilli);
  hash = mixed(hash, modelCost.memoryBytes);
  return mixed(hash, counted?.memoryBytes ?? NO_PROXY);
}

// Whole numbers of bytes go beyond 32 bits, and their lower bits are mostly zero.
function mixed(hash: number, value: number): number {
  const folded = Math.imul(hash ^ (value / WORD) ^ value, 0x9e3779b1);
  return folded ^ (folded >>> 15);
}
