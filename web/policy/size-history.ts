// What node proxies had and needed over the last while, for charts: a bounded number of moments for each node, taken only
// when something changed. When a node's are full, every second one of the older half goes, so that what is long ago is
// kept more coarsely instead of being forgotten.

/** One moment of one node's proxy. */
export interface SizeMoment {
  /** On the cluster's clock. */
  readonly atMs: number;
  readonly cpuMilliHas: number;
  readonly cpuMilliRequired: number;
  readonly memoryBytesHas: number;
  readonly memoryBytesRequired: number;
  readonly pods: number;
}

/** Moments as columns, oldest first: what a chart is drawn from. */
export type SizeColumns = Readonly<Record<keyof SizeMoment, readonly number[]>>;

/** Of one node: more than a chart has pixels for are of no use, and 5,000 nodes' worth take 35 MB. */
export const MOMENTS_MAX = 160;
/** Of all; beyond it new nodes have no history. */
export const NODES_MAX = 10_000;

const FIELDS = [
  "atMs",
  "cpuMilliHas",
  "cpuMilliRequired",
  "memoryBytesHas",
  "memoryBytesRequired",
  "pods",
] as const satisfies readonly (keyof SizeMoment)[];
const WIDTH = FIELDS.length;
/** Moments that a node has room for at first; most change little. */
const ROOM_AT_FIRST = 8;

interface Kept {
  moments: Float64Array;
  count: number;
}

export class SizeHistory {
  readonly #nodes = new Map<string, Kept>();

  /** Keeps the moment if it differs from the node's last one. */
  note(node: string, moment: SizeMoment): void {
    const kept = this.#nodes.get(node) ?? this.#begin(node);
    if (kept === undefined || isAsBefore(kept, moment)) return;
    if (kept.count === MOMENTS_MAX) thin(kept);
    if (kept.count * WIDTH === kept.moments.length) grow(kept);
    for (const [index, field] of FIELDS.entries()) kept.moments[kept.count * WIDTH + index] = moment[field];
    kept.count++;
  }

  /** Forgets nodes that are gone. */
  keepOnly(isThere: (node: string) => boolean): void {
    for (const node of this.#nodes.keys()) if (!isThere(node)) this.#nodes.delete(node);
  }

  of(node: string): SizeColumns {
    const { moments, count } = this.#nodes.get(node) ?? { moments: new Float64Array(0), count: 0 };
    const column = (field: keyof SizeMoment): readonly number[] =>
      Array.from({ length: count }, (_, row) => moments[row * WIDTH + FIELDS.indexOf(field)] ?? 0);
    return {
      atMs: column("atMs"),
      cpuMilliHas: column("cpuMilliHas"),
      cpuMilliRequired: column("cpuMilliRequired"),
      memoryBytesHas: column("memoryBytesHas"),
      memoryBytesRequired: column("memoryBytesRequired"),
      pods: column("pods"),
    };
  }

  #begin(node: string): Kept | undefined {
    if (this.#nodes.size >= NODES_MAX) return undefined;
    const kept = { moments: new Float64Array(ROOM_AT_FIRST * WIDTH), count: 0 };
    this.#nodes.set(node, kept);
    return kept;
  }
}

function isAsBefore({ moments, count }: Kept, moment: SizeMoment): boolean {
  if (count === 0) return false;
  const last = (count - 1) * WIDTH;
  return FIELDS.every((field, index) => field === "atMs" || moments[last + index] === moment[field]);
}

function grow(kept: Kept): void {
  const room = new Float64Array(Math.min(MOMENTS_MAX, kept.count * 2) * WIDTH);
  room.set(kept.moments);
  kept.moments = room;
}

function thin(kept: Kept): void {
  const half = MOMENTS_MAX / 2;
  let to = 0;
  for (let row = 0; row < kept.count; row++) {
    if (row < half && row % 2 === 1) continue;
    kept.moments.copyWithin(to * WIDTH, row * WIDTH, (row + 1) * WIDTH);
    to++;
  }
  kept.count = to;
}
