// How far a long command is, and how long it still takes at the pace so far: one line of a terminal that is written over.
// Where nobody watches nothing is said, but for what is asked to be logged now and then.

export interface WorkProgressOptions {
  readonly total: number;
  /** What is counted, such as "tasks". */
  readonly unit: string;
  /** Done before this run. */
  readonly found?: number;
  /** terminal: a line that is written over; log: a line every ten seconds; none: nothing. */
  readonly shown: "terminal" | "log" | "none";
  readonly write: (text: string) => void;
  readonly nowMs: () => number;
}

const TERMINAL_EVERY_MS = 250;
const LOG_EVERY_MS = 10_000;
const CLEAR_LINE = "\r\u001B[K";

/** Where progress belongs: on a terminal, unless what is printed is for a program. */
export function progressShown(
  isTerminal: boolean,
  { isForProgram }: { readonly isForProgram: boolean },
): "terminal" | "none" {
  return isTerminal && !isForProgram ? "terminal" : "none";
}

export class WorkProgress {
  readonly #options: WorkProgressOptions;
  readonly #startedMs: number;
  #shownMs = -Infinity;
  #done = 0;
  #what = "";

  constructor(options: WorkProgressOptions) {
    this.#options = options;
    this.#startedMs = options.nowMs();
  }

  /** One more is done. */
  stepDone(): void {
    this.#done++;
    this.#showIfDue();
  }

  /** What is begun now, with so many done before it. */
  begin(what: string, done: number): void {
    this.#what = what;
    this.#done = done;
    // A line that stands still for seconds is no progress: what is begun is always shown.
    this.#show();
  }

  /** Leaves the last line where it is. */
  end(): void {
    this.#what = "";
    this.#show();
    if (this.#options.shown === "terminal") this.#options.write("\n");
  }

  /** Takes the line away: what follows is the answer. */
  clear(): void {
    if (this.#options.shown === "terminal") this.#options.write(CLEAR_LINE);
  }

  #showIfDue(): void {
    const { shown, nowMs } = this.#options;
    const dueMs = this.#shownMs + (shown === "terminal" ? TERMINAL_EVERY_MS : LOG_EVERY_MS);
    if (nowMs() >= dueMs) this.#show();
  }

  #show(): void {
    const { shown, write, nowMs } = this.#options;
    if (shown === "none") return;
    this.#shownMs = nowMs();
    write(shown === "terminal" ? `${CLEAR_LINE}${this.#line()}` : `${this.#line()}\n`);
  }

  #line(): string {
    const { total, unit, found = 0, nowMs } = this.#options;
    const done = found + this.#done;
    const percent = Math.floor((100 * done) / total);
    const passedMs = nowMs() - this.#startedMs;
    const left = total - done;
    const eta = left <= 0 || this.#done === 0 ? "" : `, ${timeText((passedMs / this.#done) * left)} left`;
    const what = this.#what === "" ? "" : `: ${this.#what}`;
    return `${done} of ${total} ${unit}, ${percent} %${eta}${what}`;
  }
}

function timeText(ms: number): string {
  const seconds = Math.ceil(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
}
