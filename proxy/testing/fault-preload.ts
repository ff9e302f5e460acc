// Loaded into every worker by tests of isolation, never in production: on a message it makes the worker of
// one app go wrong in the way that the message names.

import { BroadcastChannel, workerData } from "node:worker_threads";

/** What ends one instance only. */
export const CONTAINED_FAULTS = [
  "heap-exhaustion",
  "throw",
  "rejection",
  "exit",
  "really-exit",
  "stack-overflow",
  "endless-loop",
  "endless-regex",
  /** Refused to a thread, which is thrown an error. */
  "abort",
  "chdir",
  "umask",
  "setuid",
  /** Memory that no heap limit counts. */
  "buffer-leak",
] as const;
/** What ends the whole process: V8 aborts it rather than let one allocation fail. */
export const UNCONTAINED_FAULTS = ["growing-map", "huge-array", "huge-json"] as const;
export type Fault = (typeof CONTAINED_FAULTS)[number] | (typeof UNCONTAINED_FAULTS)[number];

export interface FaultOrder {
  readonly app: string;
  readonly fault: Fault;
}

export const FAULT_CHANNEL = "berth-test-faults";

if (workerData !== null) {
  const { app } = workerData as { readonly app: string };
  const channel = new BroadcastChannel(FAULT_CHANNEL);
  channel.addEventListener("message", (event) => {
    const order = (event as Event & { readonly data: FaultOrder }).data;
    if (order.app === app) setImmediate(FAULTS[order.fault]);
  });
}

/** What makes the thread or process it is called in go wrong. */
export const FAULTS: Readonly<Record<Fault, () => void>> = {
  "heap-exhaustion": () => grow([]),
  throw: () => {
    throw new Error("thrown on demand");
  },
  rejection: () => void Promise.reject(new Error("rejected on demand")),
  exit: () => process.exit(7),
  "really-exit": () => (process as unknown as { reallyExit(code: number): void }).reallyExit(7),
  "stack-overflow": overflow,
  "endless-loop": () => {
    for (;;);
  },
  "endless-regex": () => /^(a+)+$/.test(`${"a".repeat(64)}b`),
  abort: () => process.abort(),
  chdir: () => process.chdir("/"),
  umask: () => void process.umask(0),
  setuid: () => (process as unknown as { setuid(id: number): void }).setuid(0),
  "buffer-leak": () => leak([]),
  "growing-map": () => {
    const map = new Map<number, string>();
    for (let key = 0; ; key++) map.set(key, `value ${key}`);
  },
  "huge-array": () => {
    const array: number[] = [];
    // Each time it is full it is copied into one that is half as large again, until that is too large for the heap.
    for (;;) array.push(array.length);
  },
  "huge-json": () => keep(JSON.parse(`[${"[1],".repeat(3e7)}0]`)),
};

function overflow(): number {
  return overflow() + 1;
}

function keep(value: unknown): void {
  (globalThis as { kept?: unknown }).kept = value;
}

/** A hundred megabytes per second, written to, since memory that nobody touched costs nothing. */
function leak(kept: Buffer[]): void {
  kept.push(Buffer.alloc(1024 ** 2, 1));
  setTimeout(() => leak(kept), 10);
}

/** Small objects, a few at a time: one giant allocation would abort the whole process instead. */
function grow(kept: object[]): void {
  for (let count = 0; count < 10_000; count++) kept.push({ count, text: `${count}` });
  setImmediate(() => grow(kept));
}
