// The V8 heap of an instance's worker, from the app's memory quota. The heap gets part of it: stacks, code, socket
// buffers and the thread itself (about 11 MB) are outside, and V8 enforces its own limits only on the heap.

import type { Quota } from "#model/mesh-profile.ts";

export interface HeapLimits {
  readonly maxOldGenerationSizeMb: number;
  readonly maxYoungGenerationSizeMb: number;
  readonly stackSizeMb: number;
}

/** Where the profile sets no memory quota: NodeSentry's published 200 MB of a bare instance. */
const INSTANCE_MEMORY_BYTES_DEFAULT = 200 * 1024 ** 2;

/** Below this a worker dies of its own code: node:http takes about 5 MiB, and Node strips the types of unbundled code in it. */
const OLD_GENERATION_MIB_MIN = 24;
const HEAP_SHARE = 0.6;
const YOUNG_SHARE_OF_HEAP = 1 / 8;
const YOUNG_MIB_MIN = 2;
/** A larger young generation no longer makes short-lived garbage cheaper, it only keeps more of it. */
const YOUNG_MIB_MAX = 16;
/** Node's default. */
const STACK_MIB = 4;
const MIB = 1024 ** 2;

/** The memory quota, or the default above if the profile sets none. */
export function memoryBytesOf({
  memoryBytes = INSTANCE_MEMORY_BYTES_DEFAULT,
}: Pick<Quota, "memoryBytes">): number {
  return memoryBytes;
}

/** @param memoryBytes the quota. */
export function heapLimits(memoryBytes: number): HeapLimits {
  const heapMib = (memoryBytes * HEAP_SHARE) / MIB;
  const youngMib = Math.min(
    YOUNG_MIB_MAX,
    Math.max(YOUNG_MIB_MIN, Math.floor(heapMib * YOUNG_SHARE_OF_HEAP)),
  );
  return {
    maxOldGenerationSizeMb: Math.max(OLD_GENERATION_MIB_MIN, Math.floor(heapMib) - youngMib),
    maxYoungGenerationSizeMb: youngMib,
    stackSizeMb: STACK_MIB,
  };
}
