// The learned state in the cluster: a fixed number of ConfigMaps of known names, into which entries are dealt by their
// keys. See docs/decisions/0028. One is written at a time, so that the API server sees a small write now and then and
// never a large burst; whatever the number of nodes, there are never more objects, nor larger ones.

import { isNotFound } from "#kube/api-error.ts";
import type { KubeConnection } from "#kube/connection.ts";
import { CONFIG_MAPS, resourcePath } from "#kube/resource-path.ts";
import { textHash } from "#model/text-hash.ts";
import type { Logger } from "#runtime/logger.ts";
import type { StateEntries, StateEntry } from "./learned-state.ts";
import { readStateText, type StateRefusal, stateText } from "./state-text.ts";
import type { StateStore } from "./state-store.ts";
import type { WriteBudget } from "./write-budget.ts";

export interface ClusterStateOptions {
  readonly connection: Pick<KubeConnection, "get" | "create" | "patch">;
  readonly namespace: string;
  readonly budget: Pick<WriteBudget, "run">;
  readonly told: StateListener;
  readonly logger: Logger;
}

export interface StateListener {
  /** A part of the state was read or written, or was not taken and why. */
  stateShard(outcome: "read" | "written" | StateRefusal): void;
  /** So many entries found no room. */
  stateLeftOut(entries: number): void;
}

/** At 5,000 nodes and half a kilobyte each, compressed, and a hundred apps, each is some 200 KiB. */
export const STATE_SHARDS = 16;
/** Base64 makes it four thirds; etcd takes 1.5 MiB, a ConfigMap 1 MiB. */
const SHARD_BYTES_MAX = 700 * 1024;
export const STATE_NAME = "berth-recommender-state";
const KEY = "state.json.gz";
/** Says that it is ours: one of the name without it is never written over. */
const LABEL = "berth.dev/recommender-state";

/** No list of keys and times. */
const UNKNOWN = "unknown";

interface ConfigMap {
  readonly metadata?: { readonly labels?: Readonly<Record<string, string>> };
  readonly binaryData?: Readonly<Record<string, string>> | null;
}

export class ClusterState implements StateStore {
  readonly #options: ClusterStateOptions;
  /** What each shard held when it was last written: what has not changed is not written again. */
  readonly #written = new Map<number, string>();
  readonly #foreign = new Set<number>();
  #next = 0;

  constructor(options: ClusterStateOptions) {
    this.#options = options;
  }

  async load(): Promise<StateEntries> {
    const entries = new Map<string, StateEntry>();
    for (let shard = 0; shard < STATE_SHARDS; shard++)
      for (const [key, entry] of await this.#read(shard)) entries.set(key, entry);
    return entries;
  }

  /** Writes the next shard that has changed. */
  async save(entries: StateEntries): Promise<boolean> {
    const dealt = Map.groupBy(entries, ([key]) => shardOf(key));
    for (let looked = 0; looked < STATE_SHARDS; looked++) {
      const shard = this.#next;
      const mine = new Map(dealt.get(shard) ?? []);
      const stamp = [...mine].map(([key, { lastMs }]) => `${key} ${lastMs}`).join("\n");
      const hasChanged = stamp !== (this.#written.get(shard) ?? "");
      if (hasChanged && !this.#foreign.has(shard)) {
        await this.#write(shard, mine);
        this.#written.set(shard, stamp);
        this.#next = (shard + 1) % STATE_SHARDS;
        return true;
      }
      this.#next = (shard + 1) % STATE_SHARDS;
    }
    return false;
  }

  close(): void {
    // The connection is its owner's.
  }

  async #read(shard: number): Promise<StateEntries> {
    const { connection, told, logger, namespace } = this.#options;
    const name = nameOf(shard);
    let object: ConfigMap;
    try {
      object = (await connection.get(resourcePath({ ...CONFIG_MAPS, namespace, name }))) as ConfigMap;
    } catch (error) {
      if (!isNotFound(error)) throw error;
      this.#foreign.delete(shard);
      return new Map();
    }
    // Whatever is in it: it is to become what is known now, even if that is nothing.
    this.#written.set(shard, UNKNOWN);
    const isOurs = object.metadata?.labels?.[LABEL] !== undefined;
    if (isOurs) this.#foreign.delete(shard);
    else this.#foreign.add(shard);
    const bytes = Buffer.from(object.binaryData?.[KEY] ?? "", "base64");
    const read = isOurs ? readStateText(bytes) : "foreign";
    if (typeof read === "string") {
      told.stateShard(read);
      logger.warn(
        { configMap: `${namespace}/${name}`, refusal: read },
        "learned state left out: begins anew",
      );
      return new Map();
    }
    told.stateShard("read");
    return read;
  }

  async #write(shard: number, entries: StateEntries): Promise<void> {
    const { connection, budget, told, namespace } = this.#options;
    const name = nameOf(shard);
    const { text, leftOut } = stateText(entries, SHARD_BYTES_MAX);
    const content = {
      metadata: { labels: { [LABEL]: String(shard), "app.kubernetes.io/part-of": "berth" } },
      binaryData: { [KEY]: text.toString("base64") },
    };
    await budget.run("publish", async () => {
      try {
        await connection.patch(resourcePath({ ...CONFIG_MAPS, namespace, name }), content, { type: "merge" });
      } catch (error) {
        if (!isNotFound(error)) throw error;
        await connection.create(resourcePath({ ...CONFIG_MAPS, namespace }), {
          apiVersion: "v1",
          kind: "ConfigMap",
          ...content,
          metadata: { ...content.metadata, name },
        });
      }
    });
    told.stateShard("written");
    if (leftOut > 0) told.stateLeftOut(leftOut);
  }
}

function nameOf(shard: number): string {
  return `${STATE_NAME}-${shard}`;
}

function shardOf(key: string): number {
  return textHash(key) % STATE_SHARDS;
}
