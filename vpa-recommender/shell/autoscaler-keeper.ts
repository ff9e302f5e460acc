// Follows the NodeProxyAutoscalers: node proxies take their rules from the book, every other DaemonSet gets a sizing of
// its own, and every autoscaler's status says how its pods stand.

import { NODE_PROXY_AUTOSCALERS, resourcePath } from "#kube/resource-path.ts";
import { decodeNodeProxyAutoscaler, type StoredAutoscaler } from "#kube/node-proxy-autoscaler-schema.ts";
import { Reflector } from "#kube/reflector.ts";
import { type Cancel, systemClock } from "#runtime/clock.ts";
import type { DaemonModel } from "../policy/daemon-model.ts";
import type { SizedPod } from "../policy/autoscaler-status.ts";
import type { AutoscalerStatusWriter } from "./autoscaler-status-writer.ts";
import { type DaemonContext, DaemonSizing } from "./daemon-sizing.ts";
import type { FirstAttempts } from "./first-attempts.ts";
import type { SizingLoop } from "./sizing-loop.ts";
import type { ResizeSupport } from "./resize-support.ts";
import type { TemplateKeeper } from "./template-keeper.ts";
import { readTarget, type TargetDaemonSet } from "./target-daemon-set.ts";

export interface AutoscalerKeeperOptions extends DaemonContext {
  /** The node proxies' own loop. */
  readonly sizing: SizingLoop;
  readonly statuses: AutoscalerStatusWriter;
  readonly intervalMs: number;
  /** Sizes templates where pods cannot be resized. */
  readonly templates: TemplateKeeper;
  readonly support: ResizeSupport;
  /** The past, which is read before anything is learned; undefined where it is not kept. */
  readonly past?: FirstAttempts | undefined;
}

/** Each has a watch of its own; beyond, an operator wants another tool. */
const DAEMON_SETS_MAX = 50;

export class AutoscalerKeeper {
  readonly #options: AutoscalerKeeperOptions;
  readonly #watch: Reflector<StoredAutoscaler>;
  readonly #daemons = new Map<string, DaemonSizing>();
  #cancel: Cancel = () => undefined;
  #turn: Promise<void> = Promise.resolve();
  #isStopped = false;

  constructor(options: AutoscalerKeeperOptions) {
    this.#options = options;
    const { connection, autoscalers, sizing, logger } = options;
    this.#watch = new Reflector({
      connection,
      path: resourcePath(NODE_PROXY_AUTOSCALERS),
      decode: decodeNodeProxyAutoscaler,
      handlers: {
        upserted: (autoscaler, previous) => {
          autoscalers.upsert(autoscaler);
          // Our own status comes back here, too.
          if (previous?.generation === autoscaler.generation && previous !== undefined) return;
          sizing.markAllDirty();
          for (const { sizing: other } of this.#daemons.values()) other.markAllDirty();
        },
        deleted: (autoscaler) => {
          autoscalers.remove(autoscaler);
          sizing.markAllDirty();
        },
      },
      clock: systemClock(),
      random: Math.random,
      logger,
      name: "autoscalers",
    });
  }

  start(): void {
    this.#watch.start();
    this.#turn = this.#lookAtSupport();
    this.#goOn();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#cancel();
    await this.#turn;
    await Promise.all([this.#watch.stop(), ...[...this.#daemons.values()].map((daemon) => daemon.stop())]);
  }

  /** Resolves once every autoscaler, and every pod that has a sizing of its own, was seen as of that version. */
  async whenObserved(resourceVersion: number): Promise<void> {
    const daemons = [...this.#daemons.values()];
    await Promise.all([this.#watch, ...daemons].map((watch) => watch.whenObserved(resourceVersion)));
  }

  /** Resolves when no turn is underway and nothing is being resized. */
  async settle(): Promise<void> {
    await this.#turn;
    for (const { sizing } of this.#daemons.values()) await sizing.settle();
  }

  /** Sizings of DaemonSets that are no node proxies, by namespace and name of their autoscaler. */
  get daemons(): ReadonlyMap<string, DaemonSizing> {
    return this.#daemons;
  }

  /** What was learned of each of them. */
  *models(): Iterable<readonly [string, DaemonModel]> {
    for (const [key, { model }] of this.#daemons) yield [key, model];
  }

  #goOn(): void {
    const { clock, intervalMs } = this.#options;
    this.#cancel = clock.after(intervalMs, () => {
      this.#turn = this.#takeTurnAndGoOn();
    });
  }

  async #takeTurnAndGoOn(): Promise<void> {
    await this.#takeTurn();
    if (!this.#isStopped) this.#goOn();
  }

  async #takeTurn(): Promise<void> {
    const { autoscalers, mayAct, logger, past } = this.#options;
    if (!mayAct() || (past !== undefined && !(await past.isOver()))) return;
    await this.#lookAtSupport();
    const stored = [...autoscalers.values()];
    await this.#dropOthers(new Set(stored.map(keyOf)));
    for (const autoscaler of stored) {
      try {
        await this.#follow(autoscaler);
      } catch (error) {
        // The DaemonSet could not be read; its pods stay as they are until the next turn.
        logger.warn({ autoscaler: keyOf(autoscaler), error: (error as Error).message }, "not followed");
      }
    }
  }

  async #lookAtSupport(): Promise<void> {
    const { support, logger } = this.#options;
    const before = support.isServed;
    try {
      await support.look();
    } catch (error) {
      // Taken as it was; asked again at the next turn.
      logger.warn({ error: (error as Error).message }, "pods/resize not looked for");
    }
    if (before !== support.isServed)
      logger.warn({ isServed: support.isServed }, "whether pods can be resized in place has changed");
  }

  async #follow(autoscaler: StoredAutoscaler): Promise<void> {
    const { connection, statuses, clock, sizing, support, templates } = this.#options;
    const target = await readTarget(connection, autoscaler);
    const daemon = await this.#daemonOf(autoscaler, target);
    await daemon?.readUsage();
    const loop = daemon?.sizing ?? sizing;
    const pods = [...podsOf(loop, autoscaler)];
    const nowMs = clock.nowMs();
    const targets = pods.map((pod) => pod.target);
    const template =
      target === undefined || support.isServed
        ? undefined
        : await templates.follow(autoscaler, target, { targets, nowMs });
    await statuses.write(autoscaler, { found: target !== undefined, pods, template, nowMs });
  }

  // One that is away for a while keeps its sizing and what that learned.
  async #daemonOf(
    autoscaler: StoredAutoscaler,
    target: TargetDaemonSet | undefined,
  ): Promise<DaemonSizing | undefined> {
    const key = keyOf(autoscaler);
    const known = this.#daemons.get(key);
    if (target === undefined) return known;
    if (known !== undefined && !target.isNodeProxy && isSame(known.target, target)) return known;
    this.#daemons.delete(key);
    await known?.stop();
    if (target.isNodeProxy || this.#daemons.size >= DAEMON_SETS_MAX) return undefined;
    const daemon = new DaemonSizing(autoscaler, target, this.#options);
    this.#daemons.set(key, daemon);
    return daemon;
  }

  async #dropOthers(keys: ReadonlySet<string>): Promise<void> {
    for (const [key, daemon] of this.#daemons) {
      if (keys.has(key)) continue;
      this.#daemons.delete(key);
      await daemon.stop();
    }
  }
}

function keyOf({ namespace, name }: StoredAutoscaler): string {
  return `${namespace}/${name}`;
}

// Made anew under its name it has other pods, and the same needs.
function isSame(a: TargetDaemonSet, b: TargetDaemonSet): boolean {
  return JSON.stringify(a.matchLabels) === JSON.stringify(b.matchLabels);
}

function* podsOf(loop: SizingLoop, { namespace, target }: StoredAutoscaler): Iterable<SizedPod> {
  for (const recommendation of loop.recommendations()) {
    const pod = loop.proxyOf(recommendation.node);
    if (pod?.namespace !== namespace || pod.daemonSet !== target) continue;
    yield { ...recommendation, isPending: pod.pendingResize !== undefined };
  }
}
