// The learned state in a file, for a recommender that runs on somebody's machine.

import { DatabaseSync } from "node:sqlite";
import { z } from "zod";
import type { Logger } from "#runtime/logger.ts";
import { OperationError } from "#runtime/operation-error.ts";
import { UsageError } from "#runtime/usage-error.ts";
import type { StateListener } from "./cluster-state.ts";
import { STATE_VERSION, type StateEntries, type StateEntry } from "./learned-state.ts";
import type { StateStore } from "./state-store.ts";

/** "Brth", so that no other program's database is taken for ours. */
const APPLICATION_ID = 0x42727468;

const pragma = z.record(z.string(), z.number());
const row = z.object({ key: z.string(), last_ms: z.number().nonnegative(), state: z.string() });

export class SqliteState implements StateStore {
  readonly #database: DatabaseSync;
  readonly #told: StateListener;
  readonly #logger: Logger;
  /** What is in the file by now, by when its last reading was taken. */
  readonly #kept = new Map<string, number>();

  /** @throws UsageError for a file that is no database of this recommender's, or a later one's: it is not touched. */
  constructor({
    path,
    told,
    logger,
  }: {
    readonly path: string;
    readonly told: StateListener;
    readonly logger: Logger;
  }) {
    this.#told = told;
    this.#logger = logger;
    this.#database = opened(path);
  }

  load(): Promise<StateEntries> {
    const entries = new Map<string, StateEntry>();
    for (const raw of this.#ask("SELECT key, last_ms, state FROM entries")) {
      const { success, data } = row.safeParse(raw);
      const state = success ? jsonOf(data.state) : undefined;
      if (!success || state === undefined) {
        this.#told.stateShard("corrupt");
        this.#logger.warn("an entry of the learned state left out: it cannot be read");
        continue;
      }
      entries.set(data.key, { lastMs: data.last_ms, state });
      this.#kept.set(data.key, data.last_ms);
    }
    this.#told.stateShard("read");
    return Promise.resolve(entries);
  }

  save(entries: StateEntries): Promise<boolean> {
    const changed = [...entries].filter(([key, { lastMs }]) => this.#kept.get(key) !== lastMs);
    const gone = [...this.#kept.keys()].filter((key) => !entries.has(key));
    if (changed.length === 0 && gone.length === 0) return Promise.resolve(false);
    this.#attempt(() => {
      this.#database.exec("BEGIN IMMEDIATE");
      try {
        const put = this.#database.prepare(
          "INSERT INTO entries (key, last_ms, state) VALUES (?, ?, ?) ON CONFLICT (key) DO UPDATE SET last_ms = excluded.last_ms, state = excluded.state",
        );
        for (const [key, { lastMs, state }] of changed) put.run(key, lastMs, JSON.stringify(state));
        const drop = this.#database.prepare("DELETE FROM entries WHERE key = ?");
        for (const key of gone) drop.run(key);
        this.#database.exec("COMMIT");
      } catch (error) {
        this.#database.exec("ROLLBACK");
        throw error;
      }
    });
    for (const [key, { lastMs }] of changed) this.#kept.set(key, lastMs);
    for (const key of gone) this.#kept.delete(key);
    this.#told.stateShard("written");
    return Promise.resolve(false);
  }

  close(): void {
    this.#database.close();
  }

  #ask(query: string): readonly unknown[] {
    return this.#attempt(() => this.#database.prepare(query).all());
  }

  #attempt<T>(act: () => T): T {
    try {
      return act();
    } catch (error) {
      throw new OperationError("StateFailed", `learned state: ${(error as Error).message}`, { cause: error });
    }
  }
}

function opened(path: string): DatabaseSync {
  try {
    const database = new DatabaseSync(path);
    const numberOf = (name: string): number =>
      pragma.parse(database.prepare(`PRAGMA ${name}`).get())[name] ?? 0;
    const tables = numberOf("schema_version");
    if (tables > 0 && numberOf("application_id") !== APPLICATION_ID)
      throw new Error("it is a database of another program's");
    if (numberOf("user_version") > STATE_VERSION)
      throw new Error(`it is of a later version (${numberOf("user_version")}) than this recommender's`);
    database.exec(`
      PRAGMA journal_mode = WAL;
      PRAGMA application_id = ${APPLICATION_ID};
      PRAGMA user_version = ${STATE_VERSION};
      CREATE TABLE IF NOT EXISTS entries (key TEXT PRIMARY KEY, last_ms REAL NOT NULL, state TEXT NOT NULL) STRICT;
    `);
    return database;
  } catch (error) {
    throw new UsageError(
      `--storage-file ${path} cannot be used: ${(error as Error).message}. Name another file, or move this one away.`,
      { cause: error },
    );
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Whoever asked reports it.
    return undefined;
  }
}
