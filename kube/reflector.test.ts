import assert from "node:assert/strict";
import { test } from "node:test";
import { silentLogger } from "#runtime/logger.ts";
import { KubeConnection } from "./connection.ts";
import { PATH, decodeItem, reflecting } from "./reflecting.ts";
import type { Item } from "./reflecting.ts";
import { Reflector } from "./reflector.ts";
import { settleUntil } from "./settle.ts";

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
