// Whatever the network and the API server do, in whatever order: in the end the local copy is the truth, and so is what
// the handlers were told.

import assert from "node:assert/strict";
import { setImmediate } from "node:timers/promises";
import { test } from "node:test";
import * as fc from "fast-check";
import { silentLogger } from "#runtime/logger.ts";
import { VirtualClock } from "#runtime/virtual-clock.ts";
import { KubeConnection } from "./connection.ts";
import { Reflector } from "./reflector.ts";
import { ScriptedCollection } from "./scripted-collection.ts";
import type { ScriptedObject } from "./scripted-collection.ts";
import { settleUntil } from "./settle.ts";

type Step =
  | { readonly kind: "set"; readonly name: string; readonly value: number | string }
  | { readonly kind: "delete"; readonly name: string }
  | { readonly kind: "fail"; readonly code: number }
  | { readonly kind: "turns"; readonly count: number }
  | { readonly kind: "clock"; readonly deltaMs: number }
  | { readonly kind: Disturbance };

const DISTURBANCES = ["compact", "bookmark", "end", "break", "breakMidLine", "expire", "garbage"] as const;
type Disturbance = (typeof DISTURBANCES)[number];

const names = fc.constantFrom("a", "b", "c", "d", "e", "f", "g");

const step: fc.Arbitrary<Step> = fc.oneof(
  // A text is not understood by the reflector's decoder: the object counts as absent.
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant("set" as const),
      name: names,
      value: fc.oneof(fc.integer(), fc.integer(), fc.constant("odd")),
    }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("delete" as const), name: names }) },
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant("turns" as const), count: fc.integer({ min: 1, max: 60 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("clock" as const),
      deltaMs: fc.integer({ min: 1, max: 60_000 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant("fail" as const), code: fc.constantFrom(410, 429, 500, 504) }),
  },
  { weight: 6, arbitrary: fc.record({ kind: fc.constantFrom(...DISTURBANCES) }) },
);

test("after any disturbances the local copy and what the handlers saw equal the truth", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 60, size: "max" }),
      fc.integer({ min: 1, max: 4 }),
      fc.infiniteStream(fc.double({ min: 0, max: 0.999, noNaN: true })),
      async (steps, pageSize, randomness) => {
        const random = (): number => Number(randomness.next().value);
        await using world = await startWorld(pageSize, random);
        for (const taken of steps) await take(world, taken);
        await endsInTruth(world);
      },
    ),
    { numRuns: 150 },
  );
});

async function startWorld(pageSize: number, random: () => number) {
  const collection = await ScriptedCollection.start();
  const connection = new KubeConnection({ server: collection.url });
  const clock = new VirtualClock();
  const told = new Map<string, number>();
  const reflector = new Reflector<readonly [name: string, value: number, uid: string]>({
    connection,
    path: "/api/v1/pods",
    decode(raw) {
      const { metadata, value } = raw as ScriptedObject;
      if (typeof value !== "number") throw new Error("not a number");
      return [metadata.name, value, metadata.uid];
    },
    handlers: {
      upserted([name, value, uid], previous) {
        assert.equal(previous?.[2] ?? uid, uid, "a recreated object was deleted first");
        assert.equal(told.get(name), previous?.[1], "previous is what was told last");
        told.set(name, value);
      },
      deleted([name, value]) {
        assert.equal(told.get(name), value, "only what was told can go");
        told.delete(name);
      },
    },
    clock,
    random,
    logger: silentLogger,
    name: "items",
    pageSize,
  });
  reflector.start();
  return {
    collection,
    clock,
    told,
    reflector,
    async [Symbol.asyncDispose]() {
      await reflector.stop();
      await connection.close();
      await collection[Symbol.asyncDispose]();
    },
  };
}

type World = Awaited<ReturnType<typeof startWorld>>;

async function take({ collection, clock }: World, taken: Step): Promise<void> {
  switch (taken.kind) {
    case "set":
      return collection.set(taken.name, taken.value);
    case "delete":
      return collection.delete(taken.name);
    case "fail":
      return collection.failNext(taken.code, taken.code === 410 ? "Expired" : "Scripted");
    case "clock":
      return clock.advance(taken.deltaMs);
    case "turns":
      for (let turn = 0; turn < taken.count; turn += 1) await setImmediate();
      return;
    default:
      DISTURB[taken.kind](collection);
  }
}

const DISTURB: Readonly<Record<Disturbance, (collection: ScriptedCollection) => void>> = {
  compact: (collection) => collection.compact(),
  bookmark: (collection) => collection.bookmark(),
  end: (collection) => collection.endWatches(),
  break: (collection) => collection.breakWatches(),
  breakMidLine: (collection) => collection.breakWatchesMidLine(),
  expire: (collection) => collection.sendError(410, "Expired"),
  garbage: (collection) => collection.sendRaw("<html>\n"),
};

async function endsInTruth({ collection, clock, told, reflector }: World): Promise<void> {
  await settleUntil(
    clock,
    () => reflector.isSynced && Number(reflector.resourceVersion) >= collection.resourceVersion,
  );
  const truth = [...collection.objects.values()]
    .filter(({ value }) => typeof value === "number")
    .map(({ metadata, value }): readonly [string, unknown] => [metadata.name, value])
    .sort(byName);
  const copy = [...reflector.values()].map(([name, value]): readonly [string, unknown] => [name, value]);
  assert.deepEqual(copy.sort(byName), truth);
  assert.deepEqual([...told].sort(byName), truth);
  assert.equal(reflector.size, truth.length);
}

function byName(a: readonly [string, unknown], b: readonly [string, unknown]): number {
  return a[0] < b[0] ? -1 : 1;
}
