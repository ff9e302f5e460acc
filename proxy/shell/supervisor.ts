// Keeps the host process running. A thread can abort the whole process (one giant Map is enough), so the host has a
// parent that does nothing else, remembers what the host knew, and has the next one serving within a second.

import { fork } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import type { AppName } from "#model/brand.ts";
import type { Cancel, Clock } from "#runtime/clock.ts";
import type { Logger } from "#runtime/logger.ts";
import { USAGE_EXIT_CODE } from "#runtime/usage-error.ts";

import { DEPARTURE_MS_MAX } from "../policy/departure.ts";
import { backoffMs } from "../policy/restart-backoff.ts";
import type { Backoff } from "../policy/restart-backoff.ts";
import { noMemory } from "./host-memory.ts";
import type { HostMemory } from "./host-memory.ts";
import type { IdentityMaterial } from "./identity/app-identity.ts";
import { ProcessKeeper } from "./process-keeper.ts";
import type { ProxyConfig } from "./proxy-config.ts";
import type { FromHost, ToHost } from "./supervisor-messages.ts";

export interface SupervisorOptions {
  readonly config: ProxyConfig;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The host's own entry, instead of the one in production. */
  readonly hostEntry?: URL;
  /** Called once, when the first host is ready. */
  readonly ready: (controlUrl: string) => void;
  /** Called with a sentence for the user, if the configuration cannot work. */
  readonly unusable: (message: string) => void;
}

const HOST_ENTRY = new URL("./host-process.ts", import.meta.url);
/**
 * V8's helper threads belong to no instance: what they do for one would be neither on its account nor within its quota,
 * so that each thread compiles and collects for itself (docs/decisions). Stripping types, which the host does once for
 * all of its workers, is said to be experimental each time.
 */
const HOST_FLAGS = ["--single-threaded", "--disable-warning=ExperimentalWarning"];
/** The first restart is all but immediate; a host that dies at once is not restarted more than six times a minute. */
const BACKOFF: Backoff = { firstMs: 10, maxMs: 10_000 };
/** A host that lived this long was healthy, and its death starts a new count. */
const STABLE_MS = 30_000;
/** As many as a host has instances. */
const IDENTITIES_MAX = 256;
/** On top of leaving the apps and the drain timeout, for closing what is left. */
const DRAIN_MARGIN_MS = 3_000;

export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #processes: ProcessKeeper;
  readonly #exit = Promise.withResolvers<number>();
  #config: ProxyConfig;
  #memory: HostMemory = noMemory;
  /** In this process's memory alone: a host that takes another's place need not wait for the signer. */
  readonly #identities = new Map<AppName, IdentityMaterial>();
  #host: ChildProcess | undefined;
  #startedMs = 0;
  #failures = 0;
  #controlUrl: string | undefined;
  #isReadyTold = false;
  #isUnusable = false;
  readonly #codeCache = newCodeCache();
  #ending: "no" | "draining" | "at-once" = "no";
  #cancelTimer: Cancel | undefined;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#config = options.config;
    const { drainTimeoutMs } = options.config;
    this.#processes = new ProcessKeeper({
      ...options,
      drainTimeoutMs,
      tell: (message) => this.#tell(message),
    });
  }

  /** Resolves with the exit code once everything has ended. */
  async run(): Promise<number> {
    this.#startHost();
    const code = await this.#exit.promise;
    this.#processes.endAll();
    if (this.#codeCache !== undefined) rmSync(this.#codeCache, { recursive: true, force: true });
    return code;
  }

  /** The first call drains, the second ends at once. */
  end(): void {
    const { clock, logger } = this.#options;
    if (this.#host === undefined) {
      this.#cancelTimer?.();
      this.#exit.resolve(0);
      return;
    }
    if (this.#ending !== "no") {
      this.#ending = "at-once";
      this.#host.kill("SIGKILL");
      return;
    }
    this.#ending = "draining";
    this.#tell({ kind: "drain" });
    this.#cancelTimer = clock.after(DEPARTURE_MS_MAX + this.#config.drainTimeoutMs + DRAIN_MARGIN_MS, () => {
      logger.error({}, "the host did not end in time");
      this.#host?.kill("SIGKILL");
    });
  }

  #startHost(): void {
    const { clock } = this.#options;
    // NODE_OPTIONS would reach every worker, where --max-old-space-size undoes the instances' heap limits.
    const { NODE_OPTIONS: _, ...env } = process.env;
    if (this.#codeCache !== undefined) env["NODE_COMPILE_CACHE"] = this.#codeCache;
    const host = fork(this.#options.hostEntry ?? HOST_ENTRY, [], {
      stdio: ["ignore", "inherit", "inherit", "ipc"],
      execArgv: HOST_FLAGS,
      env,
    });
    this.#host = host;
    this.#startedMs = clock.nowMs();
    host.on("message", (message: FromHost) => this.#heard(message));
    host.on("error", (error) => this.#options.logger.error({ error: error.message }, "host process error"));
    host.once("exit", (code, signal) => this.#exited(code, signal));
    const serving = this.#processes.serving();
    const identities = [...this.#identities];
    this.#tell({ kind: "start", config: this.#config, memory: this.#memory, identities, serving });
  }

  #heard(message: FromHost): void {
    const { ready, unusable, logger } = this.#options;
    switch (message.kind) {
      case "listening":
        this.#controlUrl = message.controlUrl;
        // Whoever was told the address must find the next host there too.
        this.#config = { ...this.#config, controlPort: Number(new URL(message.controlUrl).port) };
        return;
      case "ready":
        if (this.#isReadyTold || this.#controlUrl === undefined) return;
        this.#isReadyTold = true;
        ready(this.#controlUrl);
        return;
      case "remember":
        this.#memory = message.memory;
        return;
      case "keep-identity":
        this.#keepIdentity(message.app, message.material);
        return;
      case "unusable":
        // What worked before is the world's fault, not the configuration's, and is tried again.
        if (this.#controlUrl !== undefined) {
          logger.error({ error: message.message }, "host cannot start");
          return;
        }
        this.#isUnusable = true;
        unusable(message.message);
        return;
      default:
        this.#processes.heard(message);
    }
  }

  #keepIdentity(app: AppName, material: IdentityMaterial | undefined): void {
    this.#identities.delete(app);
    const [oldest] = this.#identities.keys();
    if (this.#identities.size >= IDENTITIES_MAX && oldest !== undefined) this.#identities.delete(oldest);
    if (material !== undefined) this.#identities.set(app, material);
  }

  #exited(code: number | null, signal: NodeJS.Signals | null): void {
    const { clock, logger } = this.#options;
    this.#host = undefined;
    this.#cancelTimer?.();
    if (this.#ending !== "no") {
      this.#exit.resolve(this.#ending === "draining" && code !== 0 ? 1 : 0);
      return;
    }
    if (this.#isUnusable) {
      this.#exit.resolve(USAGE_EXIT_CODE);
      return;
    }
    const livedMs = clock.nowMs() - this.#startedMs;
    this.#failures = livedMs >= STABLE_MS ? 1 : this.#failures + 1;
    const delayMs = backoffMs(BACKOFF, this.#failures);
    logger.error({ exitCode: code, signal, livedMs, delayMs }, "host process ended");
    this.#processes.hostGone();
    this.#cancelTimer = clock.after(delayMs, () => this.#startHost());
  }

  #tell(message: ToHost): void {
    // An error here means that the host is gone, which its exit event handles.
    this.#host?.send(message, () => undefined);
  }
}

/** What the first host has compiled, the next one need not; a folder of this process's own, since it is code. */
function newCodeCache(): string | undefined {
  try {
    return mkdtempSync(join(tmpdir(), "berth-proxy-"));
  } catch {
    // A file system without a writable folder: the next host compiles again, and is that much later.
    return undefined;
  }
}
