// One app's instance as the host sees it: carries out what its lifecycle decides, watches its worker's progress, and
// keeps what has to outlive a worker.

import { assertNever } from "#model/assert.ts";
import type { AppName } from "#model/brand.ts";
import type { AppPorts, Isolation, Quota } from "#model/mesh-profile.ts";
import type { Resources } from "#model/resources.ts";
import type { Cancel, Clock } from "#runtime/clock.ts";
import type { Logger } from "#runtime/logger.ts";

import type { Drain } from "../policy/farewell.ts";
import { heapLimits, memoryBytesOf } from "../policy/heap-limits.ts";
import { isServing, newInstance, stepInstance, wakeAtMs } from "../policy/instance-lifecycle.ts";
import type {
  ExitReason,
  InstanceEffect,
  InstanceEvent,
  InstanceState,
  LifecycleTimes,
} from "../policy/instance-lifecycle.ts";
import { withinShare } from "../policy/within-share.ts";
import type { BodyEnd } from "./instance-body.ts";
import { InstanceAccount, type OwnProcesses } from "./instance-account.ts";
import type { InstanceCounters } from "./instance-counters.ts";
import { exitReason, type LastExit, type Life } from "./instance-life.ts";
import { InstanceOutput } from "./instance-output.ts";
import { InstanceRelease } from "./instance-release.ts";
import { isReusePortSupported } from "./reuse-port.ts";
import { type LifeOptions, startLife } from "./start-life.ts";
import { NO_SETTINGS, type DataPathTimes, type FromWorker } from "./worker-messages.ts";
import type { ToWorker, WorkerSettings } from "./worker-messages.ts";

export interface InstanceOptions extends Pick<
  LifeOptions,
  "watchdog" | "workerPreload" | "services" | "processes" | "threads"
> {
  readonly app: AppName;
  readonly nodeAddress: string;
  /** Ports of an earlier life, taken again where the given ones are any. */
  readonly boundPorts?: AppPorts | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly lifecycle: LifecycleTimes;
  readonly dataPath: DataPathTimes;
  /** The state changed in a way that others may want to know. */
  readonly changed: () => void;
}

/** Of an error's text, as much as a status page needs. */
const MESSAGE_CHARACTERS_MAX = 500;
/** An instance that is full again so soon after it was replaced is too small for its work, not leaking. */
const RECYCLE_PAUSE_MS = 10_000;

export class Instance {
  /** How its last worker goes. */
  drain: Drain = "aside";
  readonly app: AppName;
  readonly release: InstanceRelease;
  readonly #options: InstanceOptions;
  readonly #output: InstanceOutput;
  readonly #restarts = new Map<ExitReason, number>();
  readonly #account = new InstanceAccount(() => this.#lives());
  #state: InstanceState = newInstance();
  #current: Life | undefined;
  #successor: Life | undefined;
  /** Replaced, and finishing what they had in progress. */
  readonly #retired = new Set<Life>();
  #cancelWake: Cancel | undefined;
  #recycledAtMs = Number.NEGATIVE_INFINITY;
  #recycles = 0;
  #quota: Quota = {};
  #isolation: Isolation = "thread";
  #share: Resources | undefined;
  #settings = NO_SETTINGS;
  #boundPorts: AppPorts | undefined;
  #lastExit: LastExit | undefined;
  #isRetiring = false;
  #isSettled = false;
  readonly #gone = Promise.withResolvers<void>();

  constructor(options: InstanceOptions) {
    this.app = options.app;
    this.#options = options;
    this.#boundPorts = options.boundPorts;
    this.#output = new InstanceOutput(options);
    this.release = new InstanceRelease(this, options.clock);
  }

  get state(): InstanceState {
    return this.#state;
  }

  get isServing(): boolean {
    return isServing(this.#state);
  }

  /** The ports in use, or those it had last. */
  get boundPorts(): AppPorts | undefined {
    return this.#boundPorts;
  }

  /** What was in progress when it was told to retire has ended. */
  get isSettled(): boolean {
    return this.#isSettled;
  }

  get quota(): Quota {
    return this.#quota;
  }

  /** How its present worker runs; as it shall run while there is none. */
  get isolation(): Isolation {
    return this.#current?.isolation ?? this.#isolation;
  }

  get lastExit(): LastExit | undefined {
    return this.#lastExit;
  }

  /** Unplanned ends of its workers, by reason. */
  get restarts(): ReadonlyMap<ExitReason, number> {
    return this.#restarts;
  }

  /** How often it was replaced by the next without a gap. */
  get recycles(): number {
    return this.#recycles;
  }

  /** What all its workers counted so far, as it stands now. */
  get counters(): InstanceCounters {
    return this.#account.counters;
  }

  /** CPU time of all its workers so far, in seconds. */
  get cpuSeconds(): number {
    return this.#account.cpuSeconds;
  }

  get memoryBytes(): number {
    return this.#account.memoryBytes;
  }

  get processIds(): readonly number[] {
    return this.#account.processIds;
  }

  get ownProcesses(): OwnProcesses | undefined {
    return this.#account.ownProcesses;
  }

  /** Resolves once the instance has gone for good. */
  get whenGone(): Promise<void> {
    return this.#gone.promise;
  }

  handle(event: InstanceEvent): void {
    const { clock, lifecycle } = this.#options;
    const before = this.#state;
    const step = stepInstance(before, event, { nowMs: clock.nowMs(), times: lifecycle });
    this.#state = step.state;
    for (const effect of step.effects) this.#carryOut(effect);
    this.#scheduleWake();
    if (before.phase.kind !== this.#state.phase.kind) this.#options.changed();
  }

  /** Holds at once; a changed bound of the heap takes another worker, which replaces this one without a gap. */
  setQuota(quota: Quota): void {
    if (JSON.stringify(quota) === JSON.stringify(this.#quota)) return;
    this.#quota = quota;
    this.#tell({ kind: "quota", quota: this.limits });
    this.#keepInLine();
  }

  /** A change takes another worker, too. */
  setIsolation(isolation: Isolation): void {
    this.#isolation = isolation;
    this.#keepInLine();
  }

  /** What it may use at present of what the proxy has; undefined for its quota alone. Holds at once. */
  setShare(share: Resources | undefined): void {
    this.#share = share;
    this.#tell({ kind: "quota", quota: this.limits });
  }

  /** The quota, and its share where that is less. */
  get limits(): Quota {
    return withinShare(this.#quota, this.#share);
  }

  /** Hold at once; what is not given stays as it was. */
  set(settings: Partial<WorkerSettings>): void {
    const next = { ...this.#settings, ...settings };
    if (JSON.stringify(next) === JSON.stringify(this.#settings)) return;
    this.#settings = next;
    this.#tell({ kind: "settings", settings });
  }

  /** Another worker takes over without a gap, however lately one did. */
  replace(why: string): void {
    this.#recycledAtMs = Number.NEGATIVE_INFINITY;
    this.#recycle(why);
  }

  /** Closes every connection after its next answer from now on, and goes on accepting. */
  retire(): void {
    this.#isRetiring = true;
    this.#current?.body.tell({ kind: "retire" });
  }

  /** Called at a steady pace. @param elapsedMs since the last call. */
  inspect(elapsedMs: number): void {
    if (this.#current?.body.isStuck(elapsedMs) === true) this.handle({ kind: "stalled" });
    for (const { body } of this.#retired) if (body.isStuck(elapsedMs)) body.terminate();
  }

  *#lives(): Generator<Life> {
    if (this.#current !== undefined) yield this.#current;
    if (this.#successor !== undefined) yield this.#successor;
    yield* this.#retired;
  }

  #carryOut(effect: InstanceEffect): void {
    switch (effect.kind) {
      case "start-worker":
        this.#current = this.#start(effect.ports);
        return;
      case "drain-worker":
        this.#current?.body.tell({ kind: "drain", drain: this.drain });
        return;
      case "terminate-worker":
        this.#current?.body.terminate();
        return;
      case "start-successor":
        this.#successor = this.#start(effect.ports);
        return;
      case "switch-to-successor":
        this.#switch();
        return;
      case "promote-successor":
        this.#current = this.#successor;
        this.#successor = undefined;
        if (this.#current?.isListening === true) this.handle({ kind: "listening" });
        return;
      case "terminate-successor":
        this.#dismiss(this.#successor, 0);
        this.#successor = undefined;
        return;
      case "remove":
        this.#cancelWake?.();
        this.#settleGone();
        return;
      default:
        assertNever(effect);
    }
  }

  #start(ports: AppPorts): Life {
    const { nodeAddress, dataPath } = this.#options;
    return startLife({
      ...this.#options,
      data: {
        app: this.app,
        nodeAddress,
        ports: ports.inbound === 0 && this.#boundPorts !== undefined ? this.#boundPorts : ports,
        quota: this.limits,
        settings: this.#settings,
        times: dataPath,
      },
      heap: heapLimits(memoryBytesOf(this.#quota)),
      isolation: this.#isolation,
      output: this.#output,
      heard: (life, message) => this.#heard(life, message),
      ended: (life, end) => this.#ended(life, end),
    });
  }

  #heard(life: Life, message: FromWorker): void {
    switch (message.kind) {
      case "listening":
        life.isListening = true;
        this.#boundPorts = message.ports;
        if (this.#isRetiring) life.body.tell({ kind: "retire" });
        this.handle({ kind: life === this.#successor ? "successor-listening" : "listening" });
        this.#keepInLine();
        return;
      case "settled":
        this.#isSettled = true;
        return;
      case "exhausted":
        if (life === this.#current) this.#recycle("its memory quota is nearly used up");
        return;
      case "tcp-port-failed":
        this.#output.writePortFailure(message.port, message.message);
        return;
      case "accessed":
        this.#output.writeAccess(message.lines);
        return;
      case "bind-failed":
        life.bindFailure = message.message;
        return;
      case "audit":
        this.#output.writeAudit(message.entries);
        return;
      case "follow-service":
        life.services.follow(message.name);
        return;
      case "forget-service":
        life.services.forget(message.name);
        return;
      default:
        assertNever(message);
    }
  }

  /** V8 takes a heap's bound only when it starts, and no thread becomes a process. */
  #keepInLine(): void {
    if (this.#current === undefined) return;
    const { heap, isolation } = this.#current;
    const { maxOldGenerationSizeMb } = heapLimits(memoryBytesOf(this.#quota));
    const wanted = this.#options.processes === undefined ? "thread" : this.#isolation;
    if (heap.maxOldGenerationSizeMb === maxOldGenerationSizeMb && isolation === wanted) return;
    this.replace(isolation === wanted ? "its memory quota has changed" : "its isolation has changed");
  }

  #recycle(why: string): void {
    const { clock, logger } = this.#options;
    // Without it the successor could not listen beside its predecessor.
    if (!isReusePortSupported || clock.nowMs() - this.#recycledAtMs < RECYCLE_PAUSE_MS) return;
    this.#recycledAtMs = clock.nowMs();
    logger.info({ app: this.app, why }, "instance is replaced");
    this.handle({ kind: "recycle" });
  }

  #switch(): void {
    this.#dismiss(this.#current, this.#options.lifecycle.drainTimeoutMs);
    this.#current = this.#successor;
    this.#successor = undefined;
    this.#recycles += 1;
    this.#keepInLine();
  }

  /** Lets a body finish for so long and then ends it; nobody waits for it. */
  #dismiss(life: Life | undefined, withinMs: number): void {
    if (life === undefined) return;
    this.#retired.add(life);
    if (withinMs <= 0) return life.body.terminate();
    life.body.tell({ kind: "drain", drain: "aside" });
    life.cancelDeadline = this.#options.clock.after(withinMs, () => life.body.terminate());
  }

  #ended(life: Life, end: BodyEnd): void {
    life.cancelDeadline?.();
    life.services.forgetAll();
    this.#account.close(life);
    if (this.#retired.delete(life)) {
      this.#settleGone();
      return;
    }
    const message = (life.bindFailure ?? end.message)?.slice(0, MESSAGE_CHARACTERS_MAX);
    if (life === this.#successor) {
      this.#successor = undefined;
      this.release.notReplaced();
      this.#options.logger.warn({ app: this.app, error: message }, "instance could not be replaced");
      this.handle({ kind: "successor-exited" });
      return;
    }
    this.#current = undefined;
    this.#died(exitReason(this.#state, end, life.bindFailure), end.code, message);
  }

  #died(reason: ExitReason, exitCode: number, message: string | undefined): void {
    const { clock, logger } = this.#options;
    this.#lastExit = { reason, message, atMs: clock.nowMs() };
    if (reason !== "drained") {
      this.#restarts.set(reason, (this.#restarts.get(reason) ?? 0) + 1);
      logger.warn({ app: this.app, reason, exitCode, error: message }, "instance ended");
    }
    this.handle({ kind: "exited", reason });
  }

  #settleGone(): void {
    if (this.#state.phase.kind === "gone" && this.#retired.size === 0) this.#gone.resolve();
  }

  #scheduleWake(): void {
    this.#cancelWake?.();
    this.#cancelWake = undefined;
    const dueMs = wakeAtMs(this.#state);
    if (dueMs === undefined) return;
    const { clock } = this.#options;
    this.#cancelWake = clock.after(Math.max(0, dueMs - clock.nowMs()), () => this.handle({ kind: "tick" }));
  }

  #tell(message: ToWorker): void {
    this.#current?.body.tell(message);
    this.#successor?.body.tell(message);
  }
}
