// What to do about an instance's memory, which V8 bounds only on the heap and only by killing: near the quota, or near
// the heap's own limit, requests are refused until it has come down; if it does not, the instance is replaced while it
// finishes what it has. The heap counts with its lowest figure of the last second, for much of a heap is garbage that
// nobody has collected yet; buffers count at once.

export interface MemorySample {
  readonly heapUsedBytes: number;
  /** Outside the heap: buffers above all. */
  readonly externalBytes: number;
  readonly nowMs: number;
}

export type MemoryVerdict = "fine" | "shed" | "recycle";

export interface MemoryState {
  readonly recentHeap: readonly { readonly atMs: number; readonly bytes: number }[];
  /** Since when requests are being refused. */
  readonly shedFromMs: number | undefined;
}

export const newMemoryState: MemoryState = { recentHeap: [], shedFromMs: undefined };

const HEAP_WINDOW_MS = 1_000;
/** Heap and buffers at which a giant allocation may still end in an orderly way. */
const SHED_SHARE = 0.7;
const CALM_SHARE = 0.6;
/** Requests in progress mostly end within this; what stays longer is a leak. */
const SHED_MS_MAX = 3_000;
const RECYCLE_SHARE = 0.9;

export interface MemoryBounds {
  /** Of heap and buffers together. */
  readonly quotaBytes: number;
  /** At which V8 ends the thread. */
  readonly heapBytesMax: number;
}

export function observeMemory(
  state: MemoryState,
  { heapUsedBytes, externalBytes, nowMs }: MemorySample,
  { quotaBytes, heapBytesMax }: MemoryBounds,
): { readonly state: MemoryState; readonly verdict: MemoryVerdict } {
  const recentHeap = [
    ...state.recentHeap.filter(({ atMs }) => nowMs - atMs < HEAP_WINDOW_MS),
    { atMs: nowMs, bytes: heapUsedBytes },
  ];
  const heapBytes = Math.min(...recentHeap.map(({ bytes }) => bytes));
  const share = Math.max(heapBytes / heapBytesMax, (heapBytes + externalBytes) / quotaBytes);
  const isShedding = share >= (state.shedFromMs === undefined ? SHED_SHARE : CALM_SHARE);
  if (!isShedding) return { state: { recentHeap, shedFromMs: undefined }, verdict: "fine" };
  const shedFromMs = state.shedFromMs ?? nowMs;
  const isStuck = nowMs - shedFromMs >= SHED_MS_MAX || share >= RECYCLE_SHARE;
  return { state: { recentHeap, shedFromMs }, verdict: isStuck ? "recycle" : "shed" };
}
