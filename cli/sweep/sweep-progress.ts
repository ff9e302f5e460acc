// How far a sweep is: one line that is written over on a terminal, a line now and then elsewhere.

export interface SweepProgressOptions {
  readonly total: number;
  /** Done before this run. */
  readonly found: number;
  readonly isTerminal: boolean;
  readonly write: (text: string) => void;
  readonly nowMs: () => number;
}

const TERMINAL_EVERY_MS = 250;
const LOG_EVERY_MS = 10_000;

export class SweepProgress {
  readonly #options: SweepProgressOptions;
  readonly #startedMs: number;
  #shownMs = -Infinity;
  #done = 0;

  constructor(options: SweepProgressOptions) {
    this.#options = options;
    this.#startedMs = options.nowMs();
  }

  taskDone(): void {
    this.#done++;
    const { isTerminal, nowMs } = this.#options;
    const dueMs = this.#shownMs + (isTerminal ? TERMINAL_EVERY_MS : LOG_EVERY_MS);
    if (nowMs() >= dueMs) this.#show();
  }

  end(): void {
    this.#show();
    if (this.#options.isTerminal) this.#options.write("\n");
  }

  #show(): void {
    const { isTerminal, write, nowMs } = this.#options;
    this.#shownMs = nowMs();
    write(isTerminal ? `\r\u001B[K${this.#line()}` : `${this.#line()}\n`);
  }

  #line(): string {
    const { total, found, nowMs } = this.#options;
    const done = found + this.#done;
    const percent = Math.floor((100 * done) / total);
    const passedMs = nowMs() - this.#startedMs;
    const left = total - done;
    const eta = left === 0 || this.#done === 0 ? "" : `, ${timeText((passedMs / this.#done) * left)} left`;
    return `${done} of ${total} tasks, ${percent} %${eta}`;
  }
}

function timeText(ms: number): string {
  const seconds = Math.ceil(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
}
