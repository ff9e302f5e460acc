import assert from "node:assert/strict";
import { test } from "node:test";

import * as fc from "fast-check";

import type { AppName, PodUid } from "#model/brand.ts";

import { DEPARTED_MS, HOOK_ONLY_MS, PodRegistry, PODS_MAX } from "./pod-registry.ts";
import type { PodEvent, PodFacts, WatchedPod } from "./pod-registry.ts";

function aPod(uid: string, overrides: Partial<WatchedPod> = {}): WatchedPod {
  return {
    uid: uid as PodUid,
    namespace: "shop",
    name: `cart-${uid}`,
    app: "shop/cart" as AppName,
    address: "10.0.0.1",
    port: 8080,
    condition: "ready",
    ...overrides,
  };
}

function facts(uid: string): PodFacts {
  const { condition: _, ...pod } = aPod(uid);
  return pod;
}

const registered = (uid: string, nowMs = 0): PodEvent => ({ kind: "registered", pod: facts(uid), nowMs });
const unregistered = (uid: string, nowMs = 0): PodEvent => ({
  kind: "unregistered",
  uid: uid as PodUid,
  nowMs,
});
const watched = (pod: WatchedPod, nowMs = 0): PodEvent => ({ kind: "watched", pod, nowMs });
const deleted = (uid: string, nowMs = 0): PodEvent => ({ kind: "deleted", uid: uid as PodUid, nowMs });

function registryOf(events: readonly PodEvent[]): PodRegistry {
  const registry = new PodRegistry();
  for (const event of events) registry.apply(event);
  return registry;
}

const uids = fc.constantFrom("a", "b", "c");
const hookEvents = fc.array(
  fc.oneof(
    uids.map((uid) => registered(uid)),
    uids.map((uid) => unregistered(uid)),
  ),
  { maxLength: 12 },
);
const watchEvents = fc.array(
  fc.oneof(
    fc
      .tuple(uids, fc.constantFrom("ready" as const, "unready" as const, "draining" as const))
      .map(([uid, condition]) => watched(aPod(uid, { condition }))),
    uids.map((uid) => deleted(uid)),
  ),
  { maxLength: 12 },
);

/** Both lists in their own order, mixed as the booleans say. */
function interleave(
  hooks: readonly PodEvent[],
  watch: readonly PodEvent[],
  picks: readonly boolean[],
): PodEvent[] {
  const left = [...hooks];
  const right = [...watch];
  const mixed: PodEvent[] = [];
  for (const pick of picks) {
    const event = (pick ? left : right).shift();
    if (event !== undefined) mixed.push(event);
  }
  return [...mixed, ...left, ...right];
}

test("hooks and the watch come to the same pods in whatever order they are heard", () => {
  const picks = fc.array(fc.boolean(), { maxLength: 24 });
  fc.assert(
    fc.property(hookEvents, watchEvents, picks, picks, (hooks, watch, one, other) => {
      const first = registryOf(interleave(hooks, watch, one));
      const second = registryOf(interleave(hooks, watch, other));
      assert.deepEqual(first.pods(), second.pods());
    }),
    { numRuns: 1000 },
  );
});

test("saying the same twice changes nothing", () => {
  fc.assert(
    fc.property(hookEvents, watchEvents, (hooks, watch) => {
      const events = [...hooks, ...watch];
      const twice = events.flatMap((event) => [event, event]);
      assert.deepEqual(registryOf(twice).pods(), registryOf(events).pods());
    }),
  );
});

test("a registry rebuilt from its history is the same registry", () => {
  fc.assert(
    fc.property(hookEvents, watchEvents, hookEvents, (hooks, watch, later) => {
      const registry = registryOf([...hooks, ...watch]);
      const rebuilt = registryOf(registry.history());
      assert.deepEqual(rebuilt.pods(), registry.pods());
      for (const event of later) {
        registry.apply(event);
        rebuilt.apply(event);
      }
      assert.deepEqual(rebuilt.pods(), registry.pods());
    }),
  );
});

test("a hook that comes after the API deleted its pod does not bring it back", () => {
  assert.deepEqual(registryOf([watched(aPod("a")), deleted("a"), registered("a")]).pods(), []);
});

test("an old event that a new watch repeats does not bring a deleted pod back", () => {
  assert.deepEqual(registryOf([watched(aPod("a")), deleted("a"), watched(aPod("a"))]).pods(), []);
});

test("a pod whose hook said goodbye drains while the API still has it, and serves again if it registers again", () => {
  const registry = registryOf([watched(aPod("a")), unregistered("a")]);
  assert.equal(registry.pod("a" as PodUid)?.condition, "draining");
  registry.apply(registered("a"));
  assert.equal(registry.pod("a" as PodUid)?.condition, "ready");
});

test("a pod that only a hook knows expires once the watch is synced, and not before", () => {
  const registry = registryOf([registered("a", 1000)]);
  registry.expire(1000 + HOOK_ONLY_MS * 100, "unsynced");
  registry.expire(1000 + HOOK_ONLY_MS * 100, "absent");
  assert.deepEqual(registry.expire(1000 + HOOK_ONLY_MS - 1, "synced"), []);
  assert.equal(registry.pods().length, 1);
  const disowned = registry.expire(1000 + HOOK_ONLY_MS, "synced");
  assert.deepEqual(
    disowned.map(({ uid }) => uid),
    ["a"],
    "whoever is refused is told",
  );
  assert.equal(registry.pods().length, 0);
});

test("a pod that the watch knows does not expire", () => {
  const registry = registryOf([registered("a"), watched(aPod("a"))]);
  registry.expire(DEPARTED_MS * 10, "synced");
  assert.equal(registry.pods().length, 1);
});

test("pods that are missing from a complete list have been deleted", () => {
  const registry = registryOf([watched(aPod("a")), watched(aPod("b")), registered("c")]);
  registry.reconcile(new Set(["a" as PodUid]), 0);
  assert.deepEqual(
    registry.pods().map(({ uid }) => uid),
    ["a", "c"],
  );
});

test("the number of pods is bounded, and departed ones make room", () => {
  const registry = new PodRegistry();
  for (let index = 0; index < PODS_MAX; index++) assert.ok(registry.apply(registered(`p${index}`)));
  assert.equal(registry.apply(registered("one-more")), false);
  registry.apply(unregistered("p0"));
  assert.ok(registry.apply(registered("one-more")));
  assert.equal(registry.pods().length, PODS_MAX);
});
