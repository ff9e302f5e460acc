// What a node's account says about one pod, in the numbers that a rejection has none of. They add up:
//   left = free − A − growth,   growth = what the proxy must grow by beyond what it has
// B (meshCost) is what the pod makes the proxy require; growth is less where the proxy has headroom.

import type { NodeName, PodUid } from "#model/brand.ts";
import {
  type CostedDemand,
  cpuMilliFreeAfter,
  cpuMilliRequiredAfter,
  memoryBytesFreeAfter,
  memoryBytesRequiredAfter,
} from "#model/fit.ts";
import type { LedgerView } from "#model/ledger.ts";
import type { NodeAccount } from "#model/node-ledger.ts";
import { noResources, type Resources } from "#model/resources.ts";

export interface NodeFigures {
  /** B. */
  readonly meshCost: Resources;
  /** Room that no pod, promise, nomination or proxy claims; negative where the node is short already. */
  readonly free: Resources;
  /** How much of the node's room promises and nominations to other pods take: A, and what the proxy grows by for them. */
  readonly reserved: Resources;
  /** What would be left with the pod there and the proxy grown for it; negative in what does not fit. */
  readonly left: Resources;
}

interface Room {
  cpuMilli: number;
  memoryBytes: number;
}

/** Reads one node after the other for a pod. */
export class FigureReader {
  readonly #ledger: LedgerView;
  readonly #demand: CostedDemand;
  // Filled anew for every node: at 5,000 nodes most of the time would else go into objects that nobody keeps.
  readonly #figures = { meshCost: aRoom(), free: aRoom(), reserved: noResources, left: aRoom() };

  constructor(ledger: LedgerView, demand: CostedDemand) {
    this.#ledger = ledger;
    this.#demand = demand;
  }

  /**
   * The figures of a node, good until the next one is read; `keptFigures` makes them last.
   *
   * @param account the node as it counts for the pod, nominated pods included.
   */
  read(account: NodeAccount): NodeFigures {
    this.#readCpu(account);
    this.#readMemory(account);
    this.#figures.reserved = this.#reserved(account.name);
    return this.#figures;
  }

  #readCpu(node: NodeAccount): void {
    const { meshCost, free, left } = this.#figures;
    const present = cpuMilliRequiredAfter(node, this.#demand, 0);
    const required = cpuMilliRequiredAfter(node, this.#demand, 1);
    const counted = node.counted?.cpuMilli ?? 0;
    const room = node.allocatable.cpuMilli - node.requested.cpuMilli;
    meshCost.cpuMilli = required - present;
    free.cpuMilli = room - Math.max(counted, present);
    left.cpuMilli = room - this.#demand.request.cpuMilli - Math.max(counted, required);
  }

  #readMemory(node: NodeAccount): void {
    const { meshCost, free, left } = this.#figures;
    const present = memoryBytesRequiredAfter(node, this.#demand, 0);
    const required = memoryBytesRequiredAfter(node, this.#demand, 1);
    const counted = node.counted?.memoryBytes ?? 0;
    const room = node.allocatable.memoryBytes - node.requested.memoryBytes;
    meshCost.memoryBytes = required - present;
    free.memoryBytes = room - Math.max(counted, present);
    left.memoryBytes = room - this.#demand.request.memoryBytes - Math.max(counted, required);
  }

  #reserved(name: NodeName): Resources {
    const promised = this.#promisedOn(name);
    if (promised.length === 0 && this.#ledger.nominatedTo(name).length === 0) return noResources;
    const bare = this.#ledger.suppose(name);
    if (bare === undefined) return noResources;
    for (const uid of promised) bare.remove(uid);
    const { free } = this.#figures;
    return {
      cpuMilli: cpuMilliFreeAfter(bare.account, this.#demand, 0) - free.cpuMilli,
      memoryBytes: memoryBytesFreeAfter(bare.account, this.#demand, 0) - free.memoryBytes,
    };
  }

  #promisedOn(name: NodeName): readonly PodUid[] {
    const promised: PodUid[] = [];
    for (const uid of this.#ledger.node(name)?.occupants.keys() ?? []) {
      if (uid !== this.#demand.uid && this.#ledger.reservationOf(uid)?.node === name) promised.push(uid);
    }
    return promised;
  }
}

export function keptFigures({ meshCost, free, reserved, left }: NodeFigures): NodeFigures {
  return { meshCost: { ...meshCost }, free: { ...free }, reserved, left: { ...left } };
}

function aRoom(): Room {
  return { cpuMilli: 0, memoryBytes: 0 };
}
