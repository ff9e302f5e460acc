// V8 lets a heap double before it looks for garbage in its older part: quick for a service that stays small, and half a
// gigabyte of garbage in a replay of a million pods, on a laptop or in a pod of a sweep's Job.

import { setFlagsFromString } from "node:v8";

/** Of what is alive. So much less garbage costs a few collections more, each of as many milliseconds as megabytes live. */
const GROWTH_PERCENT = 25;

/** For the rest of the process, its worker threads included. */
export function keepHeapTight(): void {
  setFlagsFromString(`--heap-growing-percent=${GROWTH_PERCENT}`);
}
