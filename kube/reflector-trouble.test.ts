import assert from "node:assert/strict";
import { test } from "node:test";
import { OperationError } from "#runtime/operation-error.ts";
import { KubeApiError } from "./api-error.ts";
import { reflecting } from "./reflecting.ts";
import { settleUntil } from "./settle.ts";

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
