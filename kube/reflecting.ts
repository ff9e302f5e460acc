// A reflector under test, on a scripted collection and a clock of its own.

import { silentLogger } from "#runtime/logger.ts";
import { VirtualClock } from "#runtime/virtual-clock.ts";
import { KubeConnection } from "./connection.ts";
import { Reflector } from "./reflector.ts";
import type { ReflectorOptions } from "./reflector.ts";
import { ScriptedCollection } from "./scripted-collection.ts";
import type { ScriptedObject } from "./scripted-collection.ts";
import { settleUntil } from "./settle.ts";

export const PATH = "/api/v1/pods";

export interface Item {
  readonly name: string;
  readonly value: number;
}

/** What the collection's objects are projected to; a value that is no number is not understood. */
export function decodeItem(raw: unknown): Item {
  const { metadata, value } = raw as ScriptedObject;
  if (typeof value !== "number") throw new Error("not a number");
  return { name: metadata.name, value };
}

/** A reflector of a scripted collection, and the changes it reported, in order. */
export async function reflecting(overrides: Partial<ReflectorOptions<Item>> = {}) {
  const collection = await ScriptedCollection.start();
  const connection = new KubeConnection({ server: collection.url });
  const clock = new VirtualClock(1_000_000);
  const changes: string[] = [];
  const reflector = new Reflector<Item>({
    connection,
    path: PATH,
    decode: decodeItem,
    handlers: {
      upserted: (value, previous) =>
        changes.push(`${value.name}: ${previous?.value ?? "–"} → ${value.value}`),
      deleted: (value) => changes.push(`${value.name}: ${value.value} → –`),
      synced: () => changes.push("synced"),
    },
    clock,
    random: () => 0.5,
    logger: silentLogger,
    name: "items",
    ...overrides,
  });
  return {
    collection,
    clock,
    reflector,
    changes,
    /** Until the local copy has reached the collection's present version. */
    async caughtUp(): Promise<void> {
      await settleUntil(clock, () => Number(reflector.resourceVersion) >= collection.resourceVersion);
    },
    /** Until a watch is open and nothing else is under way. */
    async watching(): Promise<void> {
      await settleUntil(clock, () => collection.openWatches === 1 && reflector.isSynced);
    },
    async [Symbol.asyncDispose]() {
      await reflector.stop();
      await connection.close();
      await collection[Symbol.asyncDispose]();
    },
  };
}
