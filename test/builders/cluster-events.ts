// Random things that happen to a cluster, for property tests: three nodes, two apps, eight pods and a proxy or two on
// each node, so that events meet each other often. What happens need not be likely; it must be accounted for.

import * as fc from "fast-check";
import type { NodeName, PodUid } from "#model/brand.ts";
import type { ClusterLedger, PodDemand, Reservation } from "#model/ledger.ts";
import { aNode } from "./a-node.ts";
import { anApp, aPod } from "./a-pod.ts";
import { aProfile } from "./a-profile.ts";
import { aProxy } from "./a-proxy.ts";

export const NODE_NAMES = ["node-1", "node-2", "node-3"] as readonly string[] as readonly NodeName[];
export const APPS = [anApp("cart"), anApp("pay")];

/** What a ledger can be told; the production ledger and its oracle both implement it. */
export type LedgerInput = Pick<
  ClusterLedger,
  | "upsertNode"
  | "removeNode"
  | "upsertPod"
  | "removePod"
  | "setProfile"
  | "removeProfile"
  | "upsertOwner"
  | "removeOwner"
  | "reserve"
  | "release"
  | "hold"
  | "expire"
>;

export interface ClusterEvent {
  readonly told: string;
  readonly apply: (ledger: LedgerInput) => readonly Reservation[] | void;
}

const node = fc.constantFrom(...NODE_NAMES);
const app = fc.constantFrom("cart", "pay");
const ownerUid = fc.constantFrom("set-1", "set-2");
const timeMs = fc.integer({ min: 0, max: 100 });
const cpuMilli = fc.integer({ min: 0, max: 2_000 });
const memoryBytes = fc.integer({ min: 0, max: 8_000 });
const podName = fc.integer({ min: 1, max: 8 }).map((number) => `pod-${number}`);
const factor = fc.double({ min: 0.5, max: 3, noNaN: true });
const correction = fc.record({ cpu: factor, memory: factor });
const size = fc.record({
  cpuMilli: fc.integer({ min: 0, max: 300 }),
  memoryBytes: fc.integer({ min: 0, max: 900 }),
});
const share = fc.record({
  cpuMilli: fc.double({ min: 0, max: 90, noNaN: true }),
  memoryBytes: fc.double({ min: 0, max: 90, noNaN: true }),
});

const pod = fc
  .record({
    name: podName,
    app: fc.option(app, { nil: null }),
    node: fc.option(node, { nil: null }),
    owner: fc.option(ownerUid, { nil: null }),
    isFinished: fc.nat(5).map((dice) => dice === 0),
    cpuMilli,
    memoryBytes,
    nominatedNode: fc.option(node, { nil: undefined, freq: 1 }),
    priority: fc.integer({ min: -1, max: 3 }),
    startedAtMs: fc.option(timeMs, { nil: undefined }),
    isTerminating: fc.nat(5).map((dice) => dice === 0),
  })
  .map(aPod);

const proxy = fc
  .record({
    node,
    generation: fc.constantFrom("old", "new"),
    isReady: fc.boolean(),
    isFinished: fc.nat(5).map((dice) => dice === 0),
    base: size,
    correction,
    cpuMilli,
    memoryBytes,
  })
  .map(({ generation, ...rest }) => aProxy({ ...rest, name: `proxy-${generation}-${rest.node}` }));

export const anyDemand: fc.Arbitrary<PodDemand> = pod.map(({ uid, app, request, ownerUid }) => ({
  uid,
  app,
  request,
  ownerUid,
}));

const anyNode = fc
  .record({ name: node, cpuMilli, memoryBytes, zone: fc.constantFrom("a", "b", "") })
  .map(aNode);
const profile = fc
  .record({
    app,
    cost: fc.record({
      base: share,
      perPod: share,
      perConnection: share,
      perKiloRps: share,
      connectionsPerPod: fc.integer({ min: 0, max: 5 }),
      kiloRpsPerPod: fc.double({ min: 0, max: 2, noNaN: true }),
    }),
    placement: fc.record(
      { maxPodsPerNode: fc.integer({ min: 1, max: 4 }), maxPodsPerZone: fc.integer({ min: 1, max: 6 }) },
      { requiredKeys: [] },
    ),
  })
  .map(aProfile);
const hold = fc.record({
  app: app.map((name) => anApp(name)),
  request: size,
  pods: fc.integer({ min: 0, max: 3 }),
  expiresAtMs: timeMs,
});
const anyUid = fc.oneof(podName, fc.constant("proxy-old-node-1")).map((name) => `uid-of-${name}` as PodUid);

export const anyEvent: fc.Arbitrary<ClusterEvent> = fc.oneof(
  { weight: 8, arbitrary: event("pod seen", pod, (ledger, view) => ledger.upsertPod(view)) },
  { weight: 3, arbitrary: event("proxy seen", proxy, (ledger, view) => ledger.upsertPod(view)) },
  { weight: 3, arbitrary: event("pod gone", anyUid, (ledger, uid) => ledger.removePod(uid)) },
  { weight: 4, arbitrary: event("node seen", anyNode, (ledger, view) => ledger.upsertNode(view)) },
  { weight: 1, arbitrary: event("node gone", node, (ledger, name) => ledger.removeNode(name)) },
  { weight: 2, arbitrary: event("profile seen", profile, (ledger, view) => ledger.setProfile(view)) },
  { weight: 1, arbitrary: event("profile gone", app, (ledger, name) => ledger.removeProfile(anApp(name))) },
  {
    weight: 2,
    arbitrary: event("owner seen", fc.record({ uid: ownerUid, replicas: fc.nat(6) }), (ledger, owner) =>
      ledger.upsertOwner(owner),
    ),
  },
  { weight: 1, arbitrary: event("owner gone", ownerUid, (ledger, uid) => ledger.removeOwner(uid)) },
  {
    weight: 6,
    arbitrary: event("promise", fc.record({ pod: anyDemand, node, expiresAtMs: timeMs }), (ledger, promise) =>
      ledger.reserve(promise),
    ),
  },
  { weight: 2, arbitrary: event("promise taken back", anyUid, (ledger, uid) => ledger.release(uid)) },
  {
    weight: 2,
    arbitrary: event("hold", fc.record({ node, hold }), (ledger, { node, hold }) => ledger.hold(node, hold)),
  },
  { weight: 2, arbitrary: event("time passes", timeMs, (ledger, nowMs) => ledger.expire(nowMs)) },
);

function event<T>(
  kind: string,
  values: fc.Arbitrary<T>,
  apply: (ledger: LedgerInput, value: T) => ReturnType<ClusterEvent["apply"]>,
): fc.Arbitrary<ClusterEvent> {
  return values.map((value) => ({
    told: `${kind} ${JSON.stringify(value)}`,
    apply: (ledger) => apply(ledger, value),
    toString: () => `${kind} ${JSON.stringify(value)}`,
  }));
}
