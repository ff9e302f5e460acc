// V8 trades memory for time as is right for a service that stays small: its older part may double before it looks there
// for garbage, and its young part grows to 128 MiB. In a replay of a million pods, on a laptop or in a pod of a sweep's
// Job, that is half a gigabyte more than is alive, and hardly quicker: most pods outlive any young part.

import { getHeapSpaceStatistics, setFlagsFromString } from "node:v8";

/** Of what is alive. So much less garbage costs a few collections more, each of as many milliseconds as megabytes live. */
const GROWTH_PERCENT = 25;
/** What loading a program mostly brings it to. Half of it means twice as many collections. */
const YOUNG_BYTES = 16 * 1024 ** 2;

/** For the rest of the process, its worker threads included. To be called when the program is loaded. */
export function keepHeapTight(): void {
  setFlagsFromString(`--heap-growing-percent=${GROWTH_PERCENT}`);
  growYoung();
  // V8 reads the factor whenever it would grow the young part; how large that may become it reads at its start alone.
  setFlagsFromString("--semi-space-growth-factor=1");
}

/** What the young part of the heap takes. */
export function youngBytes(): number {
  return getHeapSpaceStatistics().find(({ space_name }) => space_name === "new_space")?.space_size ?? 0;
}

/** Of a kilobyte each: far more than it takes to have the young part grow. */
const PIECES_MAX = 64 * 1024;
const PIECE_NUMBERS = 128;

// It grows by itself with what outlives a collection.
function growYoung(): void {
  const pieces: unknown[] = [];
  while (youngBytes() < YOUNG_BYTES && pieces.length < PIECES_MAX)
    for (let more = 0; more < 1_000; more++) pieces.push(Array.from({ length: PIECE_NUMBERS }, () => more));
}
