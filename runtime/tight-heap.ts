// V8 trades memory for time as is right for a service that stays small: its older part may double before it looks there
// for garbage, and its young part grows to 128 MiB. In a replay of a million pods, on a laptop or in a pod of a sweep's
// Job, that is half a gigabyte more than is alive, and hardly quicker: most pods outlive any young part.

import { getHeapSpaceStatistics, setFlagsFromString } from "node:v8";

/** Of what is alive. So much less garbage costs a few collections more, each of as many milliseconds as megabytes live. */
const GROWTH_PERCENT = 25;
/** A young part that is not as large yet as this goes on growing: below it, collections are too many. */
const YOUNG_BYTES_MIN = 4 * 1024 ** 2;

/** For the rest of the process, its worker threads included. To be called when the program is loaded. */
export function keepHeapTight(): void {
  setFlagsFromString(`--heap-growing-percent=${GROWTH_PERCENT}`);
  // V8 reads the factor whenever it would grow the young part; how large that may become it reads at its start alone.
  if (youngBytes() >= YOUNG_BYTES_MIN) setFlagsFromString("--semi-space-growth-factor=1");
}

/** What the young part of the heap takes. */
export function youngBytes(): number {
  return getHeapSpaceStatistics().find(({ space_name }) => space_name === "new_space")?.space_size ?? 0;
}
