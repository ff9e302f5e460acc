// Gathers judged nodes into groups of the same verdict, one node after the other: what is kept does not grow with them.

import type { NodeName } from "#model/brand.ts";
import type { NodeAccount } from "#model/node-ledger.ts";
import type { Resources } from "#model/resources.ts";
import type { ClosestNode, FigureRanges, ResourceRange, Verdict, VerdictGroup } from "./explanation.ts";
import { keptFigures, type NodeFigures } from "./node-figures.ts";

/** Enough to choose from where room has to be made, and few enough to read. */
export const CLOSEST_MAX = 5;

export class VerdictGroups {
  readonly #groups = new Map<Verdict, Group>();
  #nodes = 0;

  get nodes(): number {
    return this.#nodes;
  }

  /** `account` and `figures` are undefined for a node that is not known; what is kept of the figures is copied. */
  add(verdict: Verdict, account: NodeAccount | undefined, figures: NodeFigures | undefined): void {
    const group = this.#grown(verdict, 1);
    if (account === undefined || figures === undefined) return;
    group.ranges.add(figures);
    if (verdict !== "fits") group.offer(account, figures);
  }

  /** Nodes that fit, without their figures. */
  addFitting(nodes: number): void {
    this.#grown("fits", nodes);
  }

  #grown(verdict: Verdict, nodes: number): Group {
    this.#nodes += nodes;
    let group = this.#groups.get(verdict);
    if (group === undefined) {
      group = new Group();
      this.#groups.set(verdict, group);
    }
    group.nodes += nodes;
    return group;
  }

  /** The largest first. */
  all(): readonly VerdictGroup[] {
    return [...this.#groups]
      .map(([verdict, group]) => group.as(verdict))
      .toSorted((a, b) => b.nodes - a.nodes || (a.verdict < b.verdict ? -1 : 1));
  }
}

// What more would have to be free.
function missing({ cpuMilli, memoryBytes }: Resources): Resources {
  return { cpuMilli: Math.max(0, -cpuMilli), memoryBytes: Math.max(0, -memoryBytes) };
}

class Group {
  nodes = 0;
  readonly ranges = new Ranges();
  readonly closest: { readonly share: number; readonly node: ClosestNode }[] = [];

  as(verdict: Verdict): VerdictGroup {
    const { nodes, ranges } = this;
    const closest = this.closest.map(({ node }) => node);
    if (ranges.isEmpty) return { verdict, nodes, closest };
    return { verdict, nodes, figures: ranges.all(), closest };
  }

  offer({ name, allocatable }: NodeAccount, figures: NodeFigures): void {
    const { left } = figures;
    const share = Math.max(
      -left.cpuMilli / Math.max(1, allocatable.cpuMilli),
      -left.memoryBytes / Math.max(1, allocatable.memoryBytes),
    );
    const { closest } = this;
    const last = closest.at(-1);
    // Most nodes end here, equal ones too: in a cluster of like nodes all of them miss the same.
    if (closest.length >= CLOSEST_MAX && last !== undefined && !isBefore({ share, name }, last)) return;
    closest.push({ share, node: { node: name, ...keptFigures(figures), missing: missing(left) } });
    closest.sort((a, b) => a.share - b.share || (a.node.node < b.node.node ? -1 : 1));
    if (closest.length > CLOSEST_MAX) closest.pop();
  }
}

function isBefore(
  { share, name }: { readonly share: number; readonly name: NodeName },
  last: { readonly share: number; readonly node: ClosestNode },
): boolean {
  return share < last.share || (share === last.share && name < last.node.node);
}

class Ranges {
  readonly #ranges = {
    meshCost: new Range(),
    free: new Range(),
    reserved: new Range(),
    left: new Range(),
  };

  get isEmpty(): boolean {
    return this.#ranges.free.min.cpuMilli === Infinity;
  }

  add({ meshCost, free, reserved, left }: NodeFigures): void {
    this.#ranges.meshCost.add(meshCost);
    this.#ranges.free.add(free);
    this.#ranges.reserved.add(reserved);
    this.#ranges.left.add(left);
  }

  all(): FigureRanges {
    const { meshCost, free, reserved, left } = this.#ranges;
    return { meshCost: meshCost.now, free: free.now, reserved: reserved.now, left: left.now };
  }
}

class Range {
  readonly min = { cpuMilli: Infinity, memoryBytes: Infinity };
  readonly max = { cpuMilli: -Infinity, memoryBytes: -Infinity };

  get now(): ResourceRange {
    return { min: this.min, max: this.max };
  }

  add({ cpuMilli, memoryBytes }: Resources): void {
    if (cpuMilli < this.min.cpuMilli) this.min.cpuMilli = cpuMilli;
    if (cpuMilli > this.max.cpuMilli) this.max.cpuMilli = cpuMilli;
    if (memoryBytes < this.min.memoryBytes) this.min.memoryBytes = memoryBytes;
    if (memoryBytes > this.max.memoryBytes) this.max.memoryBytes = memoryBytes;
  }
}
