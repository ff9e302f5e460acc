// The audit of callers that were refused: who, from where, why and how often. Passed on once a second, and bounded: of
// callers beyond a number only the count is kept, so that a flood of made-up names costs neither memory nor a disk.

import type { Clock } from "#runtime/clock.ts";

export interface AuditEntry {
  readonly reason: string;
  /** The app, or what a certificate claimed that proved nothing. */
  readonly caller: string;
  readonly address: string;
  readonly count: number;
}

const TELL_MS = 1_000;
const ENTRIES_MAX = 64;
const OTHERS = "others";

export class AuditBook {
  readonly #clock: Clock;
  readonly #tell: (entries: readonly AuditEntry[]) => void;
  readonly #counts = new Map<string, Omit<AuditEntry, "count"> & { count: number }>();

  constructor(clock: Clock, tell: (entries: readonly AuditEntry[]) => void) {
    this.#clock = clock;
    this.#tell = tell;
  }

  note(refused: Omit<AuditEntry, "count">): void {
    if (this.#counts.size === 0) this.#clock.after(TELL_MS, () => this.#flush());
    const known = this.#counts.has(keyOf(refused)) || this.#counts.size < ENTRIES_MAX;
    const entry = known ? refused : { reason: refused.reason, caller: OTHERS, address: OTHERS };
    const counted = this.#counts.get(keyOf(entry)) ?? { ...entry, count: 0 };
    counted.count += 1;
    this.#counts.set(keyOf(entry), counted);
  }

  #flush(): void {
    const entries = [...this.#counts.values()];
    this.#counts.clear();
    this.#tell(entries);
  }
}

function keyOf({ reason, caller, address }: Omit<AuditEntry, "count">): string {
  return `${reason}\n${caller}\n${address}`;
}
