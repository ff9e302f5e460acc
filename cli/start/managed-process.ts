// A component as a child process: started, watched, started again if it dies unasked, stopped at the end. It ends by
// itself when its IPC channel closes, so that nothing outlives this process whatever happens to it.

import { type ChildProcess, fork } from "node:child_process";
import { createInterface } from "node:readline";
import type { Settled } from "#runtime/pacing.ts";
import { OperationError } from "#runtime/operation-error.ts";
import { USAGE_EXIT_CODE, UsageError } from "#runtime/usage-error.ts";

export interface ProcessSpec {
  readonly name: string;
  readonly file: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

export interface ProcessHandlers {
  /** Right after each start, before the process is ready. */
  readonly spawned?: (process: ManagedProcess) => void;
  readonly ready?: (message: Readonly<Record<string, unknown>>) => void;
  readonly message?: (message: Readonly<Record<string, unknown>>) => void;
  readonly logLine: (name: string, line: string) => void;
}

/** A child that is not ready by then will not be. */
const READY_MS_MAX = 30_000;
/** What a child may take to end well before it is killed. */
const STOP_MS_MAX = 10_000;
const RESTARTS_MAX = 20;
const LAST_LINES_MAX = 20;

export class ManagedProcess {
  readonly name: string;
  readonly #spec: ProcessSpec;
  readonly #handlers: ProcessHandlers;
  #child: ChildProcess | undefined;
  #ready = Promise.withResolvers<Readonly<Record<string, unknown>>>();
  #isReady = false;
  #isStopping = false;
  #settleId = 0;
  readonly #settling = new Map<number, (settled: Settled | undefined) => void>();
  readonly #lastLines: string[] = [];
  restarts = 0;

  constructor(spec: ProcessSpec, handlers: ProcessHandlers) {
    this.name = spec.name;
    this.#spec = spec;
    this.#handlers = handlers;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  get isReady(): boolean {
    return this.#isReady;
  }

  /**
   * Starts the process and resolves with what it says when it is ready.
   *
   * @throws UsageError with the process's own words if it exits because of its settings; OperationError otherwise.
   */
  async start(): Promise<Readonly<Record<string, unknown>>> {
    this.#spawn();
    return this.whenReady();
  }

  async whenReady(): Promise<Readonly<Record<string, unknown>>> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(
        () => reject(new OperationError("ProcessLate", `${this.name} did not get ready`)),
        READY_MS_MAX,
      );
    });
    try {
      return await Promise.race([this.#ready.promise, late]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** As `kill -9`: the process is started again. */
  crash(): void {
    this.#isReady = false;
    this.#child?.kill("SIGKILL");
  }

  send(message: object): void {
    if (this.#child?.connected === true) this.#child.send(message);
  }

  /** Asks a paced process to settle; undefined if it died meanwhile. */
  settle(resourceVersion: number): Promise<Settled | undefined> {
    const id = ++this.#settleId;
    return new Promise((resolve) => {
      this.#settling.set(id, resolve);
      this.send({ kind: "settle", id, resourceVersion });
    });
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
    child.kill("SIGTERM");
    const timer = setTimeout(() => child.kill("SIGKILL"), STOP_MS_MAX);
    await exited;
    clearTimeout(timer);
  }

  #spawn(): void {
    const { file, args, env = {} } = this.#spec;
    const child = fork(file, args, {
      stdio: ["ignore", "pipe", "pipe", "ipc"],
      env: { ...process.env, ...env },
      // A terminal's Ctrl-C reaches the parent only, which then stops everything in order.
      detached: true,
    });
    this.#child = child;
    this.#handlers.spawned?.(this);
    for (const stream of [child.stdout, child.stderr]) {
      if (stream !== null) createInterface({ input: stream }).on("line", (line) => this.#logged(line));
    }
    child.on("message", (message) => this.#messaged(message as Readonly<Record<string, unknown>>));
    child.on("error", (error) => this.#logged(String(error)));
    // "close" comes after the last line of output was read.
    child.on("close", (code, signal) => this.#exited(child, code, signal));
  }

  #messaged(message: Readonly<Record<string, unknown>>): void {
    if (message["kind"] === "ready") {
      this.#isReady = true;
      this.#handlers.ready?.(message);
      this.#ready.resolve(message);
    } else if (message["kind"] === "settled") {
      const settled = message as unknown as Settled;
      this.#settling.get(settled.id)?.(settled);
      this.#settling.delete(settled.id);
    } else {
      this.#handlers.message?.(message);
    }
  }

  #exited(child: ChildProcess, code: number | null, signal: string | null): void {
    if (child !== this.#child) return;
    const wasReady = this.#isReady || signal === "SIGKILL";
    this.#isReady = false;
    for (const resolve of this.#settling.values()) resolve(undefined);
    this.#settling.clear();
    if (this.#isStopping) return;
    if (!wasReady || this.restarts >= RESTARTS_MAX) {
      const words = this.#lastLines.join("\n");
      const isUsage = code === USAGE_EXIT_CODE;
      const message = isUsage
        ? `${this.name}: ${words}`
        : `${this.name} ended (${code ?? signal}):\n${words}`;
      // Whoever asks from now on is told, although it was ready once.
      if (wasReady) this.#ready = Promise.withResolvers();
      this.#ready.promise.catch(() => undefined);
      return this.#ready.reject(
        isUsage ? new UsageError(message) : new OperationError("ProcessEnded", message),
      );
    }
    this.restarts++;
    this.#ready = Promise.withResolvers();
    this.#spawn();
  }

  #logged(line: string): void {
    this.#lastLines.push(line);
    if (this.#lastLines.length > LAST_LINES_MAX) this.#lastLines.shift();
    this.#handlers.logLine(this.name, line);
  }
}
