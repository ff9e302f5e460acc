import assert from "node:assert/strict";
import { test } from "node:test";
import { silentLogger } from "#runtime/logger.ts";
import { OperationError } from "#runtime/operation-error.ts";
import { VirtualClock } from "#runtime/virtual-clock.ts";
import { KubeApiError } from "./api-error.ts";
import { KubeConnection } from "./connection.ts";
import { Reflector } from "./reflector.ts";
import type { ReflectorOptions } from "./reflector.ts";
import { ScriptedCollection } from "./scripted-collection.ts";
import type { ScriptedObject } from "./scripted-collection.ts";
import { settleUntil } from "./settle.ts";

const PATH = "/api/v1/pods";

interface Item {
  readonly name: string;
  readonly value: number;
}

/** What the collection's objects are projected to; a value that is no number is not understood. */
function decodeItem(raw: unknown): Item {
  const { metadata, value } = raw as ScriptedObject;
  if (typeof value !== "number") throw new Error("not a number");
  return { name: metadata.name, value };
}

/** A reflector of a scripted collection, and the changes it reported, in order. */
async function reflecting(overrides: Partial<ReflectorOptions<Item>> = {}) {
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

test("a collection is read page by page and then followed", async () => {
  await using world = await reflecting({ pageSize: 2 });
  const { collection, reflector, changes } = world;
  for (const value of [1, 2, 3, 4, 5]) collection.set(`item-${value}`, value);
  reflector.start();
  await reflector.whenSynced();
  assert.equal(reflector.size, 5);
  assert.deepEqual(
    collection.lists.map((query) => query["limit"]),
    ["2", "2", "2"],
  );
  await world.watching();
  collection.set("item-1", 11);
  collection.delete("item-2");
  collection.set("item-6", 6);
  await world.caughtUp();
  assert.deepEqual(changes.slice(5), ["synced", "item-1: 1 → 11", "item-2: 2 → –", "item-6: – → 6"]);
  assert.deepEqual(reflector.get("default/item-1"), { name: "item-1", value: 11 });
  assert.equal(reflector.get("default/item-2"), undefined);
  assert.deepEqual([...reflector.values()].map((item) => item.value).sort(), [11, 3, 4, 5, 6]);
  assert.equal(collection.lists.length, 3);
});

test("selectors go with the list and the watch, and the watch asks for bookmarks and an end", async () => {
  await using world = await reflecting({
    query: { labelSelector: "berth.dev/mesh=enabled", fieldSelector: "spec.nodeName=n1" },
    watchTimeoutSeconds: 100,
  });
  world.reflector.start();
  await world.watching();
  assert.deepEqual(world.collection.lists[0], {
    labelSelector: "berth.dev/mesh=enabled",
    fieldSelector: "spec.nodeName=n1",
    limit: "500",
  });
  assert.deepEqual(world.collection.watches[0], {
    watch: "true",
    labelSelector: "berth.dev/mesh=enabled",
    fieldSelector: "spec.nodeName=n1",
    resourceVersion: "100",
    allowWatchBookmarks: "true",
    timeoutSeconds: "150",
  });
});

test("a continue token that expires restarts the list with larger pages", async () => {
  await using world = await reflecting({ pageSize: 2 });
  const { collection, reflector } = world;
  for (const value of [1, 2, 3, 4]) collection.set(`item-${value}`, value);
  let pages = 0;
  const decode = (raw: unknown): Item => {
    // Between the first page and the second, the history is forgotten and an object of the first page vanishes.
    if ((pages += 1) === 2) {
      collection.delete("item-1");
      collection.compact();
    }
    return decodeItem(raw);
  };
  const connection = new KubeConnection({ server: collection.url });
  const restarted = new Reflector({
    connection,
    path: PATH,
    decode,
    handlers: { upserted: () => undefined, deleted: () => undefined },
    clock: world.clock,
    random: () => 0.5,
    logger: silentLogger,
    name: "items",
    pageSize: 2,
  });
  restarted.start();
  await restarted.whenSynced();
  assert.deepEqual(
    collection.lists.map((query) => [query["limit"], query["continue"] !== undefined]),
    [
      ["2", false],
      ["2", true],
      ["4", false],
    ],
  );
  assert.deepEqual(
    [...restarted.values()].map((item) => item.value),
    [2, 3, 4],
  );
  await restarted.stop();
  await connection.close();
  assert.equal(reflector.isSynced, false);
});

test("a watch that ends is resumed from the last bookmark without a list", async () => {
  await using world = await reflecting();
  const { collection, clock, reflector } = world;
  reflector.start();
  await world.watching();
  collection.set("item-1", 1);
  await world.caughtUp();
  const version = collection.resourceVersion;
  clock.advance(5_000);
  collection.endWatches();
  await settleUntil(clock, () => collection.watches.length === 2, 0);
  assert.equal(collection.watches[1]?.["resourceVersion"], String(version));
  assert.equal(collection.lists.length, 1);
});

test("a bookmark moves the version and the last contact though nothing changed", async () => {
  await using world = await reflecting();
  const { collection, clock, reflector } = world;
  reflector.start();
  await world.watching();
  const contactMs = reflector.lastContactMs;
  clock.advance(60_000);
  const waited = reflector.whenObserved(collection.resourceVersion + 1);
  // Another collection's write moves the cluster's version; the bookmark carries it.
  collection.sendRaw('{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"101"}}}\n');
  await waited;
  assert.equal(reflector.resourceVersion, "101");
  assert.ok(reflector.lastContactMs >= contactMs + 60_000);
});

test("a broken watch is resumed after a pause, and what happened meanwhile is replayed", async () => {
  await using world = await reflecting();
  const { collection, clock, reflector, changes } = world;
  reflector.start();
  await world.watching();
  collection.breakWatchesMidLine();
  collection.set("item-1", 1);
  collection.delete("item-1");
  await settleUntil(clock, () => clock.nextDueMs() !== undefined && collection.openWatches === 0, 0);
  await world.caughtUp();
  assert.deepEqual(changes, ["synced", "item-1: – → 1", "item-1: 1 → –"]);
  assert.equal(collection.lists.length, 1);
});

test("when the history is gone a list finds what vanished and what came meanwhile", async () => {
  await using world = await reflecting();
  const { collection, reflector, changes } = world;
  collection.set("kept", 1);
  collection.set("vanishing", 2);
  reflector.start();
  await world.watching();
  changes.length = 0;
  collection.breakWatches();
  collection.delete("vanishing");
  collection.set("new", 3);
  collection.compact();
  await world.caughtUp();
  assert.deepEqual(changes, ["new: – → 3", "vanishing: 2 → –", "synced"]);
  assert.equal(collection.lists.length, 2);
});

test("an object recreated under its name while nobody watched is deleted first", async () => {
  await using world = await reflecting();
  const { collection, reflector, changes } = world;
  collection.set("pod-0", 1);
  reflector.start();
  await world.watching();
  changes.length = 0;
  collection.breakWatches();
  collection.delete("pod-0");
  collection.set("pod-0", 2);
  collection.compact();
  await world.caughtUp();
  assert.deepEqual(changes, ["pod-0: 1 → –", "pod-0: – → 2", "synced"]);
});

test("versions given out again after a server's restart do not hide its new objects", async () => {
  await using world = await reflecting();
  const { collection, reflector, changes } = world;
  collection.set("pod-0", 1);
  reflector.start();
  await world.watching();
  changes.length = 0;
  collection.restart();
  collection.set("pod-0", 2);
  await settleUntil(world.clock, () => collection.lists.length === 2);
  await world.watching();
  assert.deepEqual(changes, ["pod-0: 1 → –", "pod-0: – → 2", "synced"]);
});

test("an Expired event in the middle of a lasting watch leads to a list at once", async () => {
  await using world = await reflecting();
  const { collection, clock, reflector } = world;
  reflector.start();
  await world.watching();
  clock.advance(5_000);
  collection.sendError(410, "Expired");
  await settleUntil(clock, () => collection.lists.length === 2, 0);
});

test("an object that is not understood counts as absent and does not stop the stream", async () => {
  await using world = await reflecting();
  const { collection, reflector, changes } = world;
  collection.set("odd", "text");
  collection.set("plain", 1);
  reflector.start();
  await world.watching();
  assert.equal(reflector.size, 1);
  collection.set("plain", "text now");
  collection.set("odd", 2);
  await world.caughtUp();
  assert.deepEqual(changes, ["plain: – → 1", "synced", "plain: 1 → –", "odd: – → 2"]);
  assert.equal(reflector.decodeFailures, 2);
});

test("objects that are not understood are logged once a minute, with a count", async () => {
  const lines: unknown[] = [];
  const logger = { ...silentLogger, warn: (line: unknown) => lines.push(line) } as typeof silentLogger;
  await using world = await reflecting({ logger });
  const { collection, clock, reflector } = world;
  for (let n = 0; n < 50; n += 1) collection.set(`odd-${n}`, "text");
  reflector.start();
  await world.watching();
  assert.equal(lines.length, 1);
  clock.advance(60_000);
  collection.set("odd-0", "text again");
  await world.caughtUp();
  assert.deepEqual(lines[1], {
    collection: "items",
    key: "default/odd-0",
    error: "Error: not a number",
    suppressed: 49,
  });
});

test("failures are retried for ever, with pauses that grow to half a minute", async () => {
  await using world = await reflecting();
  const { collection, clock, reflector } = world;
  for (let n = 0; n < 12; n += 1) collection.failNext(503, "ServiceUnavailable");
  reflector.start();
  const pausesMs: number[] = [];
  for (let attempt = 1; attempt <= 12; attempt += 1) {
    await settleUntil(clock, () => collection.lists.length === attempt && clock.nextDueMs() !== undefined, 0);
    const dueMs = clock.nextDueMs() ?? Number.NaN;
    pausesMs.push(dueMs - clock.nowMs());
    clock.advanceTo(dueMs);
  }
  await reflector.whenSynced();
  assert.deepEqual(
    pausesMs,
    [800, 1_600, 3_200, 6_400, 12_800, 25_600, 30_000, 30_000, 30_000, 30_000, 30_000, 30_000].map(
      (ms) => ms * 0.75,
    ),
  );
});

test("watches that end at once are not followed at once", async () => {
  await using world = await reflecting();
  const { collection, clock, reflector } = world;
  reflector.start();
  for (let attempt = 1; attempt <= 8; attempt += 1) {
    await settleUntil(clock, () => collection.openWatches === 1, 0);
    collection.endWatches();
    // One timer is the closed watch's guard until its end is noticed, the other the pause.
    await settleUntil(clock, () => (clock.nextDueMs() ?? Infinity) - clock.nowMs() <= 30_000, 0);
    assert.equal(collection.watches.length, attempt);
    clock.advanceTo(clock.nextDueMs() ?? Number.NaN);
  }
  assert.equal(collection.lists.length, 1);
});

test("a version the server keeps refusing is given up for a list", async () => {
  await using world = await reflecting();
  const { collection, reflector } = world;
  reflector.start();
  await world.watching();
  for (let n = 0; n < 5; n += 1) collection.failNext(504, "Timeout");
  collection.breakWatches();
  collection.set("item-1", 1);
  await world.caughtUp();
  assert.equal(collection.lists.length, 2);
});

test("a server that asks for patience gets it", async () => {
  const refusal = { status: 429, reason: "TooManyRequests", message: "later", retryAfterSeconds: 45 };
  const refusing = {
    request: () => Promise.reject(new KubeApiError(refusal)),
    watch: async function* () {},
  };
  await using world = await reflecting({ connection: refusing });
  world.reflector.start();
  await settleUntil(world.clock, () => world.clock.nextDueMs() !== undefined, 0);
  assert.equal((world.clock.nextDueMs() ?? 0) - world.clock.nowMs(), 45_000);
});

test("a watch on which nothing comes for longer than its timeout is given up and resumed", async () => {
  await using world = await reflecting({ watchTimeoutSeconds: 100 });
  const { collection, clock, reflector } = world;
  reflector.start();
  await world.watching();
  const quietSinceMs = clock.nowMs();
  clock.advance(160_000);
  assert.equal(collection.watches.length, 1);
  collection.bookmark();
  await settleUntil(clock, () => reflector.lastContactMs >= quietSinceMs + 160_000, 0);
  // 150 s of timeout and 15 s of margin, counted from the bookmark.
  clock.advance(164_000);
  await settleUntil(clock, () => collection.openWatches === 1, 0);
  clock.advance(2_000);
  await settleUntil(clock, () => collection.watches.length === 2);
  collection.set("item-1", 1);
  await world.caughtUp();
  assert.equal(collection.lists.length, 1);
});

test("a line that is no event makes the reflector list anew", async () => {
  await using world = await reflecting();
  const { collection, clock, reflector } = world;
  reflector.start();
  await world.watching();
  collection.sendRaw("<html>\n");
  await settleUntil(clock, () => collection.lists.length === 2);
  await world.watching();
  collection.sendRaw('{"type":"RENAMED","object":{}}\n');
  await settleUntil(clock, () => collection.lists.length === 3);
});

test("stopping ends the watch, rejects whoever waits, and tells nobody of later changes", async () => {
  await using world = await reflecting();
  const { collection, clock, reflector, changes } = world;
  reflector.start();
  await world.watching();
  const waiting = reflector.whenObserved(1_000_000);
  const stopped = reflector.stop();
  await assert.rejects(
    waiting,
    (error) => error instanceof OperationError && error.code === "KubeReflectorStopped",
  );
  await stopped;
  await settleUntil(clock, () => collection.openWatches === 0);
  collection.set("item-1", 1);
  assert.deepEqual(changes, ["synced"]);
  assert.equal(clock.nextDueMs(), undefined);
});

test("events already received when the reflector is stopped are not applied", async () => {
  const told: string[] = [];
  let stopped: Promise<void> | undefined;
  await using world = await reflecting({
    handlers: {
      upserted(item) {
        told.push(item.name);
        stopped = world.reflector.stop();
      },
      deleted: () => undefined,
    },
  });
  const { collection, clock, reflector } = world;
  reflector.start();
  await world.watching();
  const line = (name: string): string =>
    JSON.stringify({ type: "ADDED", object: { metadata: { name, resourceVersion: "101" }, value: 1 } });
  collection.sendRaw(`${line("first")}\n${line("second")}\n`);
  await settleUntil(clock, () => stopped !== undefined && collection.openWatches === 0);
  await stopped;
  assert.deepEqual(told, ["first"]);
});
