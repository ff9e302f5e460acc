// Loaded into every instance with a process of its own by tests of isolation, never in production: a signal makes it go
// wrong. A plain abort needs no help from inside.

import { FAULTS } from "./fault-preload.ts";
import type { Fault } from "./fault-preload.ts";

export const FAULT_SIGNALS = {
  SIGUSR2: "heap-exhaustion",
  SIGHUP: "endless-loop",
  SIGWINCH: "throw",
} as const satisfies Readonly<Partial<Record<NodeJS.Signals, Fault>>>;

if (process.send !== undefined) {
  for (const [signal, fault] of Object.entries(FAULT_SIGNALS))
    process.on(signal, () => setImmediate(FAULTS[fault]));
}
