// A server program under test: its output goes to a file, and it ends with the test whatever happens.

import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";

// A test that failed to stop one must not leave it behind.
const running = new Set<ChildProcess>();
process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

// Node does not run exit handlers when a signal ends it, and these programs would go on.
for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) {
  process.on(signal, () => {
    if (process.listenerCount(signal) === 1) process.exit(1);
  });
}

/** What a server may take to end well before it is killed. */
const STOP_MS_MAX = 10_000;
const LOG_TAIL_BYTES = 4_096;

export class LoggedProcess {
  readonly #name: string;
  readonly #logFile: string;
  readonly #child: ChildProcess;
  readonly #exited: Promise<void>;

  constructor(
    name: string,
    path: string,
    options: {
      readonly args: readonly string[];
      readonly logFile: string;
      /** On top of this process's own. */
      readonly env?: Readonly<Record<string, string>>;
    },
  ) {
    this.#name = name;
    this.#logFile = options.logFile;
    const log = openSync(options.logFile, "w");
    this.#child = spawn(path, options.args, {
      stdio: ["ignore", log, log],
      env: { ...process.env, ...options.env },
    });
    closeSync(log);
    // A test that failed to stop it must not wait for it for ever.
    this.#child.unref();
    running.add(this.#child);
    this.#exited = new Promise((resolve) =>
      this.#child.once("exit", () => {
        running.delete(this.#child);
        resolve();
      }),
    );
  }

  /**
   * Resolves when `isReady` says so.
   *
   * @throws Error with the end of the log if the process ends first or takes too long.
   */
  async ready(isReady: () => Promise<boolean>, timeoutMs: number): Promise<void> {
    const deadlineMs = Date.now() + timeoutMs;
    while (!(await isReady().catch(() => false))) {
      const { hasExited } = this;
      if (hasExited || Date.now() > deadlineMs) {
        const what = hasExited
          ? `ended with ${this.#child.exitCode ?? this.#child.signalCode}`
          : "did not get ready";
        throw new Error(`${this.#name} ${what}; the end of ${this.#logFile}:\n${this.#logTail()}`);
      }
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }

  /** @throws Error if the program could not be started at all. */
  get pid(): number {
    if (this.#child.pid === undefined) throw new Error(`${this.#name} was not started`);
    return this.#child.pid;
  }

  get hasExited(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  /** Resolves when it has ended, however that came about. */
  get exited(): Promise<void> {
    return this.#exited;
  }

  async stop(): Promise<void> {
    // From here on it is waited for, whatever else keeps this process alive.
    this.#child.ref();
    this.#child.kill("SIGTERM");
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), STOP_MS_MAX);
    await this.#exited;
    clearTimeout(timer);
  }

  /** Ends it as a lost machine would: it gets no chance to say anything. */
  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#exited;
  }

  #logTail(): string {
    return readFileSync(this.#logFile, "utf8").slice(-LOG_TAIL_BYTES);
  }
}

const POLL_MS = 100;
