// Carries what was learned over to the next life: reads it once before anything is learned, and writes it now and then.
// What belongs to nobody at present, such as a DaemonSet that is away for a while, is carried along until it is too old.

import type { AppName, NodeName } from "#model/brand.ts";
import type { ClusterLedger } from "#model/ledger.ts";
import type { Cancel, Clock } from "#runtime/clock.ts";
import type { Logger } from "#runtime/logger.ts";
import { OperationError } from "#runtime/operation-error.ts";
import type { DaemonModel } from "../policy/daemon-model.ts";
import type { RestoreOutcome } from "../policy/restore-outcome.ts";
import type { SizingModel } from "../policy/sizing-model.ts";
import {
  appKey,
  daemonKey,
  daemonNodeKey,
  decodeApp,
  decodeDaemonNode,
  decodeNode,
  decodeTotals,
  isKept,
  nodeKey,
  TOTALS_KEY,
  type StateEntry,
} from "./learned-state.ts";
import type { StateStore } from "./state-store.ts";

export interface StateKeeperOptions {
  readonly store: StateStore;
  readonly model: SizingModel;
  readonly ledger: ClusterLedger;
  /** Models of DaemonSets that are no node proxies, by namespace and name of their autoscaler. */
  readonly daemons: () => Iterable<readonly [string, DaemonModel]>;
  /** What readings are dated by. */
  readonly clock: Clock;
  /** What writes are timed by: a replay's hours are no hours of the API server. */
  readonly timer: Clock;
  readonly mayAct: () => boolean;
  readonly told: StateEntryListener;
  readonly logger: Logger;
}

export interface StateEntryListener {
  /** What was learned before of a node, an app or a DaemonSet goes on, or what is known by now is newer, or it is none. */
  stateEntry(outcome: RestoreOutcome): void;
}

/** With sixteen shards each is some eight minutes old at most; two writes a minute. */
const SAVE_EVERY_MS = 30_000;
/** As many as the cluster's shards: a pod has half a minute to end, and they take a second or two. */
const PARTS_AT_STOP_MAX = 16;

export class StateKeeper {
  readonly #options: StateKeeperOptions;
  readonly #kept = new Map<string, StateEntry>();
  #isLoaded = false;
  #cancel: Cancel = () => undefined;
  #saving: Promise<void> = Promise.resolve();
  #isStopped = false;

  constructor(options: StateKeeperOptions) {
    this.#options = options;
  }

  /**
   * Reads what is kept, and gives the nodes and the apps theirs.
   *
   * @throws OperationError if the store is away.
   */
  async load(): Promise<void> {
    const { store, model, ledger, clock, logger } = this.#options;
    const loaded = await store.load();
    const nowMs = clock.nowMs();
    this.#kept.clear();
    for (const [key, entry] of loaded) if (isKept(key, entry, nowMs)) this.#kept.set(key, entry);
    for (const { name } of ledger.nodes())
      this.#restore(nodeKey(name), decodeNode, (saved) => model.restoreNode(name, saved));
    for (const key of this.#kept.keys()) {
      if (!key.startsWith(appKey(""))) continue;
      const app = key.slice(appKey("").length) as AppName;
      this.#restore(key, decodeApp, (saved) => model.restoreApp(app, saved, ledger.profile(app).cost));
    }
    this.#restore(TOTALS_KEY, decodeTotals, (saved) => model.restoreTotals(saved));
    model.refreshFleet(nowMs);
    for (const [autoscaler, daemon] of this.#options.daemons()) this.restoreDaemon(autoscaler, daemon);
    this.#isLoaded = true;
    logger.info({ entries: this.#kept.size }, "learned state read");
  }

  /** Gives a DaemonSet's model what was learned of it before. */
  restoreDaemon(autoscaler: string, model: DaemonModel): void {
    this.#restore(daemonKey(autoscaler), decodeTotals, (saved) => model.restore(saved));
    const nodes = daemonNodeKey(autoscaler, "");
    for (const key of this.#kept.keys()) {
      if (!key.startsWith(nodes)) continue;
      const node = key.slice(nodes.length) as NodeName;
      this.#restore(key, decodeDaemonNode, (saved) => model.restoreNode(node, saved));
    }
  }

  start(): void {
    this.#cancel = this.#options.timer.after(SAVE_EVERY_MS, () => {
      this.#saving = this.#saveAndGoOn();
    });
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#cancel();
    await this.#saving;
    // All of it: whoever leads next, of this version or another, goes on from here.
    for (let part = 0; part < PARTS_AT_STOP_MAX && this.#options.mayAct(); part++)
      if (!(await this.save())) break;
    this.#options.store.close();
  }

  /** Writes what is due now, and says whether more may be. */
  async save(): Promise<boolean> {
    const { store, logger } = this.#options;
    // Before it was read it would be written over by nothing.
    if (!this.#isLoaded) return false;
    this.#collect();
    try {
      return await store.save(this.#kept);
    } catch (error) {
      if (!(error instanceof OperationError)) throw error;
      logger.warn({ error: error.message }, "learned state not written");
      return false;
    }
  }

  async #saveAndGoOn(): Promise<void> {
    if (this.#options.mayAct()) await this.save();
    if (!this.#isStopped) this.start();
  }

  #restore<T>(
    key: string,
    decode: (state: unknown) => T | undefined,
    take: (saved: T) => RestoreOutcome,
  ): void {
    const entry = this.#kept.get(key);
    if (entry === undefined) return;
    const { told, logger } = this.#options;
    const saved = decode(entry.state);
    const outcome = saved === undefined ? "refused" : take(saved);
    told.stateEntry(outcome);
    if (outcome !== "refused") return;
    logger.warn({ entry: key }, "an entry of the learned state left out: it is none of ours");
    this.#kept.delete(key);
  }

  #collect(): void {
    const { model, daemons, clock } = this.#options;
    for (const [node, state] of model.savedNodes()) this.#keep(nodeKey(node), state);
    for (const [app, state] of model.savedApps()) this.#keep(appKey(app), state);
    const totals = model.savedTotals();
    if (totals !== undefined) this.#keep(TOTALS_KEY, totals);
    for (const [autoscaler, daemon] of daemons()) {
      this.#keep(daemonKey(autoscaler), daemon.saved());
      for (const [node, state] of daemon.savedNodes()) this.#keep(daemonNodeKey(autoscaler, node), state);
    }
    const nowMs = clock.nowMs();
    for (const [key, entry] of this.#kept) if (!isKept(key, entry, nowMs)) this.#kept.delete(key);
  }

  #keep(key: string, state: { readonly lastMs: number }): void {
    this.#kept.set(key, { lastMs: state.lastMs, state });
  }
}
