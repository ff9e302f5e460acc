// Starts and keeps the processes of instances that have one of their own. Part of the supervisor, so that they outlive
// the host: the next one is told which of them serve, and takes them over as they are.

import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { constants } from "node:os";
import { fileURLToPath } from "node:url";

import type { AppPorts } from "#model/mesh-profile.ts";
import type { Clock } from "#runtime/clock.ts";
import type { Logger } from "#runtime/logger.ts";

import { fatalErrorOf } from "../policy/fatal-error.ts";
import type { HeapLimits } from "../policy/heap-limits.ts";
import type { BodyEnd } from "./instance-body.ts";
import { InstanceOutput } from "./instance-output.ts";
import type {
  FromInstanceProcess,
  FromKeeper,
  ProcessId,
  ProcessOrder,
  ProcessStart,
  ServingProcess,
  ToKeeper,
} from "./process-messages.ts";
import { PROCESS_BOOTSTRAP } from "./worker-code.ts";
import type { ToWorker } from "./worker-messages.ts";

export interface ProcessKeeperOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  /** For what is in progress in one that no host looks after any more. */
  readonly drainTimeoutMs: number;
  /** Tells the host, if there is one. */
  readonly tell: (message: FromKeeper) => void;
}

/** V8's last words stand at the end of what it prints. */
const LAST_WORDS_CHARACTERS = 4_096;

export class ProcessKeeper {
  readonly #options: ProcessKeeperOptions;
  readonly #kept = new Map<ProcessId, KeptProcess>();

  constructor(options: ProcessKeeperOptions) {
    this.#options = options;
  }

  /** Those that serve, for the next host. */
  serving(): readonly ServingProcess[] {
    return [...this.#kept.values()].flatMap((kept) => kept.serving() ?? []);
  }

  heard(message: ToKeeper): void {
    switch (message.kind) {
      case "start-process":
        this.#start(message.order);
        return;
      case "tell-process":
        this.#kept.get(message.id)?.tell(message.message);
        return;
      case "end-process":
        this.#kept.get(message.id)?.end();
    }
  }

  /** The host has gone. Those that it had started but that do not serve yet, and those that were to end, are nobody's. */
  hostGone(): void {
    const { clock, drainTimeoutMs } = this.#options;
    for (const kept of this.#kept.values()) {
      if (kept.serving() !== undefined) continue;
      if (kept.isDraining) clock.after(drainTimeoutMs, () => kept.end());
      else kept.end();
    }
  }

  endAll(): void {
    for (const kept of this.#kept.values()) kept.end();
  }

  #start(order: ProcessOrder): void {
    const { tell } = this.#options;
    const { id } = order;
    const kept = new KeptProcess(order, this.#options);
    this.#kept.set(id, kept);
    kept.start(order.start, (end) => {
      if (this.#kept.delete(id)) tell({ kind: "process-ended", id, end });
    });
  }
}

class KeptProcess {
  readonly #order: Omit<ProcessOrder, "start">;
  readonly #options: ProcessKeeperOptions;
  readonly #followed = new Set<string>();
  #child: ChildProcess | undefined;
  #ports: AppPorts | undefined;
  #isDraining = false;
  #uncaught: string | undefined;
  #lastWords = "";

  constructor({ id, app, heap }: ProcessOrder, options: ProcessKeeperOptions) {
    this.#order = { id, app, heap };
    this.#options = options;
  }

  /** It was told to end, once it is done. */
  get isDraining(): boolean {
    return this.#isDraining;
  }

  start(start: ProcessStart, ended: (end: BodyEnd) => void): void {
    const { id, heap } = this.#order;
    const child = spawn(process.execPath, [...processFlags(heap, start), "--eval", PROCESS_BOOTSTRAP], {
      stdio: ["ignore", "pipe", "pipe", "ipc"],
      // What the supervisor was given, tokens' paths among it, is none of an app's business.
      env: {},
    });
    this.#child = child;
    this.#followOutput(child);
    child.on("message", (message: FromInstanceProcess) => this.#heard(message));
    child.on("error", (error) => {
      // One that was never started has no exit.
      if (child.pid === undefined) ended({ code: 1, reason: undefined, message: error.message });
    });
    child.once("close", (code, signal) => ended(this.#endOf(code, signal)));
    if (child.pid === undefined) return;
    child.send(start, () => undefined);
    this.#options.tell({ kind: "process-started", id, pid: child.pid });
  }

  serving(): ServingProcess | undefined {
    const pid = this.#child?.pid;
    if (this.#ports === undefined || this.#isDraining || pid === undefined) return undefined;
    const { id, app, heap } = this.#order;
    return { id, app, heap, pid, ports: this.#ports, followed: [...this.#followed] };
  }

  tell(message: ToWorker): void {
    if (message.kind === "drain" || message.kind === "retire") this.#isDraining = true;
    // An error here means that it has gone, which its exit tells.
    this.#child?.send(message, () => undefined);
  }

  end(): void {
    this.#isDraining = true;
    this.#child?.kill("SIGKILL");
  }

  #heard(message: FromInstanceProcess): void {
    if (message.kind === "listening") this.#ports = message.ports;
    else if (message.kind === "follow-service") this.#followed.add(message.name);
    else if (message.kind === "forget-service") this.#followed.delete(message.name);
    else if (message.kind === "uncaught") this.#uncaught = message.message;
    this.#options.tell({ kind: "process-said", id: this.#order.id, message });
  }

  #followOutput({ stdout, stderr }: ChildProcess): void {
    const { clock, logger } = this.#options;
    const output = new InstanceOutput({ app: this.#order.app, clock, logger });
    if (stdout !== null) output.follow("stdout", stdout);
    if (stderr === null) return;
    output.follow("stderr", stderr);
    stderr.on("data", (text: string) => {
      this.#lastWords = (this.#lastWords + text).slice(-LAST_WORDS_CHARACTERS);
    });
  }

  #endOf(code: number | null, signal: NodeJS.Signals | null): BodyEnd {
    if (this.#uncaught !== undefined)
      return { code: code ?? 1, reason: "uncaught-error", message: this.#uncaught };
    if (signal === null) return { code: code ?? 1, reason: undefined, message: undefined };
    const signalCode = SIGNAL_CODE_BASE + constants.signals[signal];
    const fatal = fatalErrorOf(this.#lastWords);
    if (fatal === undefined) return { code: signalCode, reason: "aborted", message: signal };
    return { code: signalCode, ...fatal };
  }
}

/** As shells number the end by a signal. */
const SIGNAL_CODE_BASE = 128;
/** A young generation is three of them. */
const SEMI_SPACES = 3;

/**
 * The heap's bounds, as a worker's resourceLimits; helper threads as in the host. It may not read files, start processes
 * or load native code: nothing on the data path does.
 */
function processFlags(
  { maxOldGenerationSizeMb, maxYoungGenerationSizeMb }: HeapLimits,
  { preload }: ProcessStart,
): string[] {
  return [
    `--max-old-space-size=${maxOldGenerationSizeMb}`,
    `--max-semi-space-size=${Math.max(1, Math.round(maxYoungGenerationSizeMb / SEMI_SPACES))}`,
    "--single-threaded",
    "--permission",
    ...(preload === undefined ? [] : [`--allow-fs-read=${fileURLToPath(new URL(".", preload))}`]),
    "--disable-warning=ExperimentalWarning",
  ];
}
