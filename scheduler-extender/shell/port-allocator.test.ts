import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { splitAppName } from "#model/app.ts";
import type { AppName } from "#model/brand.ts";
import { KubeConnection } from "#kube/connection.ts";
import { decodeMeshProfile } from "#kube/mesh-profile-schema.ts";
import { OperationError } from "#runtime/operation-error.ts";
import { silentLogger } from "#runtime/logger.ts";
import { VirtualClock } from "#runtime/virtual-clock.ts";
import type { Json, JsonObject } from "#sim/loopback/json.ts";
import type { KubeObject } from "#sim/loopback/kube-object.ts";
import { LoopbackApi } from "#sim/loopback/loopback-api.ts";
import { anApp } from "#test/builders/a-pod.ts";
import { DEFAULT_PORT_RANGE } from "../policy/ports.ts";
import { PortAllocator, type PortAllocatorOptions, type SeenProfiles } from "./port-allocator.ts";
import type { PortOutcome } from "./port-metrics.ts";

const CART = anApp("cart");

let api: LoopbackApi;
let connection: KubeConnection;
let clock: VirtualClock;
let outcomes: PortOutcome[] = [];

beforeEach(async () => {
  outcomes = [];
  clock = new VirtualClock(Date.UTC(2030, 0, 31, 12));
  api = new LoopbackApi({ clock });
  const { url } = await api.listen({ host: "127.0.0.1", port: 0 });
  connection = new KubeConnection({ server: url });
  api.store.create("namespaces", { metadata: { name: "shop" } });
});

afterEach(async () => {
  await connection.close();
  await api.close();
});

/** The leader, with a watch that has seen everything. */
function anAllocator(options: Partial<PortAllocatorOptions> = {}): PortAllocator {
  return new PortAllocator({
    connection,
    profiles: seenProfiles,
    isLeader: () => true,
    range: DEFAULT_PORT_RANGE,
    clock,
    logger: silentLogger,
    metrics: { attempted: (outcome) => void outcomes.push(outcome) },
    ...options,
  });
}

const seenProfiles: SeenProfiles = {
  get: (app) => {
    const object = storedProfile(app);
    return object === undefined ? undefined : decodeMeshProfile(object);
  },
  values: () => api.store.list("meshprofiles").map(decodeMeshProfile),
  decodeFailures: 0,
};
/** A watch that lags. */
const NO_PROFILES: SeenProfiles = { get: () => undefined, values: () => [], decodeFailures: 0 };

function storedProfile(app: AppName): KubeObject | undefined {
  return api.store.get("meshprofiles", splitAppName(app));
}

function storedPorts(app: AppName): Json | undefined {
  return storedProfile(app)?.status?.["ports"];
}

function storedConditions(app: AppName): Json | undefined {
  return storedProfile(app)?.status?.["conditions"];
}

/** What the allocator says of the first pair at noon. */
const ALLOCATED = {
  type: "PortsAllocated",
  status: "True",
  observedGeneration: 1,
  lastTransitionTime: "2030-01-31T12:00:00Z",
  reason: "Allocated",
  message: "inbound 20000, outbound 20001 on every node",
};
const AUDITED = {
  ...ALLOCATED,
  type: "example.com/Audited",
  status: "Unknown",
  reason: "Waiting",
  message: "",
};

function createProfile(
  app: AppName,
  rest: { readonly spec?: JsonObject; readonly status?: JsonObject } = {},
): KubeObject {
  return api.store.create("meshprofiles", { metadata: splitAppName(app), spec: {}, ...rest });
}

test("an app without a profile is given one, with ports in its status", async () => {
  const ports = await anAllocator().portsOf(CART);
  assert.deepEqual(ports, { inbound: 20_000, outbound: 20_001 });
  assert.deepEqual(storedProfile(CART)?.status, { ports, conditions: [ALLOCATED] });
});

test("an app's own profile keeps what it says", async () => {
  const spec = { placement: { maxPodsPerNode: 3 } };
  createProfile(CART, { spec });
  assert.ok(await anAllocator().portsOf(CART));
  assert.deepEqual(storedProfile(CART)?.spec, spec);
});

test("ports that are in the profile already are kept, seen in the watch or not", async () => {
  const ports = { inbound: 21_000, outbound: 21_001 };
  createProfile(CART, { status: { ports } });
  assert.deepEqual(await anAllocator().portsOf(CART), ports);
  assert.deepEqual(await anAllocator({ profiles: NO_PROFILES }).portsOf(CART), ports);
});

test("many apps at once get ports of their own, though the watch shows none of them yet", async () => {
  const allocator = anAllocator({ profiles: NO_PROFILES });
  const apps = Array.from({ length: 40 }, (_, index) => anApp(`app-${index % 20}`));
  const answers = await Promise.all(apps.map((app) => allocator.portsOf(app)));
  const portsByApp = new Map(apps.map((app, index) => [app, answers[index]]));
  const all = [...portsByApp.values()].flatMap((ports) => [ports?.inbound, ports?.outbound]);
  assert.equal(new Set(all).size, 40);
  assert.equal(all.includes(undefined), false);
  for (const [index, app] of apps.entries()) {
    assert.deepEqual(answers[index], portsByApp.get(app));
    assert.deepEqual(storedPorts(app), portsByApp.get(app));
  }
});

test("ports of apps that only the watch knows are not given away again", async () => {
  createProfile(anApp("pay"), { status: { ports: { inbound: 20_000, outbound: 20_001 } } });
  assert.equal((await anAllocator().portsOf(CART))?.inbound, 20_002);
});

test("a profile that changes while its ports are written is tried again", async () => {
  createProfile(CART);
  const writes = interfere(2);
  const ports = await anAllocator().portsOf(CART);
  assert.ok(ports);
  assert.deepEqual(storedPorts(CART), ports);
  assert.equal(writes.conflicts, 2);
  assert.deepEqual(outcomes, ["conflict", "conflict", "allocated"]);
});

test("a profile that keeps changing is given up on, and the next app is not held up", async () => {
  createProfile(CART);
  const writes = interfere(Infinity);
  const allocator = anAllocator();
  assert.equal(await allocator.portsOf(CART), undefined);
  assert.equal(writes.conflicts, 3);
  writes.end();
  assert.ok(await allocator.portsOf(anApp("pay")));
  assert.ok(await allocator.portsOf(CART));
});

// Someone else writes the profile between the allocator's read and its write, so many times.
function interfere(times: number): { conflicts: number; end: () => void } {
  const patch = connection.patch.bind(connection);
  const state = { conflicts: 0, end: () => void (connection.patch = patch) };
  connection.patch = async (...call) => {
    const object = await patch(...call);
    const profile = storedProfile(CART);
    if (call[2].type === "apply" && profile !== undefined && state.conflicts < times) {
      state.conflicts++;
      api.store.update("meshprofiles", { ...profile, spec: { quota: { connections: state.conflicts } } });
    }
    return object;
  };
  return state;
}

test("ports whose write was not answered, and may stand, are not given to the next app", async () => {
  const patch = connection.patch.bind(connection);
  connection.patch = async (...call) => {
    const answer = await patch(...call);
    if (call[2].type === "apply") return answer;
    throw new OperationError("KubeUnreachable", "the answer was lost");
  };
  const allocator = anAllocator({ profiles: NO_PROFILES });
  assert.equal(await allocator.portsOf(CART), undefined);
  connection.patch = patch;
  const ports = await allocator.portsOf(anApp("pay"));
  assert.notDeepEqual(storedPorts(CART), ports);
  assert.deepEqual(await allocator.portsOf(CART), { inbound: 20_000, outbound: 20_001 });
});

test("the ports of an app whose profile cannot be read, of a later version perhaps, are given to nobody else", async () => {
  const ports = { inbound: DEFAULT_PORT_RANGE.first, outbound: DEFAULT_PORT_RANGE.first + 1 };
  const metadata = { name: "later", namespace: "shop" };
  api.store.create("meshprofiles", { metadata, spec: {}, status: { ports } });
  const allocator = anAllocator({ profiles: { ...NO_PROFILES, decodeFailures: 1 } });
  assert.deepEqual(await allocator.portsOf(CART), {
    inbound: ports.inbound + 2,
    outbound: ports.inbound + 3,
  });
});

test("a malformed profile costs its own app the ports and nobody else", async () => {
  createProfile(CART, { spec: { quota: { connections: "lots" } } });
  const allocator = anAllocator({ profiles: NO_PROFILES });
  const [cart, pay] = await Promise.all([allocator.portsOf(CART), allocator.portsOf(anApp("pay"))]);
  assert.equal(cart, undefined);
  assert.ok(pay);
});

test("only the leader allocates; any replica tells ports that exist", async () => {
  const follower = anAllocator({ isLeader: () => false });
  assert.equal(await follower.portsOf(CART), undefined);
  assert.equal(storedProfile(CART), undefined);
  const ports = await anAllocator().portsOf(CART);
  assert.deepEqual(await follower.portsOf(CART), ports);
});

test("a range that is used up leaves the app without ports", async () => {
  const allocator = anAllocator({ range: { first: 20_000, last: 20_001 } });
  assert.ok(await allocator.portsOf(CART));
  assert.equal(await allocator.portsOf(anApp("pay")), undefined);
  assert.deepEqual(outcomes, ["allocated", "exhausted"]);
});

test("a profile that the range had nothing left for says so once, how to mend it, and is mended", async () => {
  const narrow = anAllocator({ range: { first: 20_000, last: 20_001 } });
  await narrow.portsOf(CART);
  const pay = anApp("pay");
  await narrow.portsOf(pay);
  const [condition] = storedConditions(pay) as readonly Record<string, string>[];
  assert.deepEqual([condition?.["status"], condition?.["reason"]], ["False", "RangeExhausted"]);
  assert.match(condition?.["message"] ?? "", /from 20000 to 20001 .* --port-range-last/);
  const { resourceVersion } = storedProfile(pay)?.metadata ?? {};
  clock.advance(60_000);
  await narrow.portsOf(pay);
  assert.equal(storedProfile(pay)?.metadata.resourceVersion, resourceVersion);

  await anAllocator().portsOf(pay);
  assert.deepEqual(storedConditions(pay), [
    {
      ...ALLOCATED,
      message: "inbound 20002, outbound 20003 on every node",
      lastTransitionTime: "2030-01-31T12:01:00Z",
    },
  ]);
});

test("conditions of other writers stay, those too that come while the ports are written", async () => {
  createProfile(CART, { status: { conditions: [AUDITED] } });
  const late = { ...AUDITED, type: "example.com/Late" };
  const patch = connection.patch.bind(connection);
  connection.patch = async (...call) => {
    const profile = storedProfile(CART);
    const conditions = profile?.status?.["conditions"] as readonly Json[] | undefined;
    if (call[2].type === "merge" && profile !== undefined && conditions?.length === 1) {
      api.store.update("meshprofiles", { ...profile, status: { conditions: [...conditions, late] } });
    }
    return patch(...call);
  };
  assert.ok(await anAllocator().portsOf(CART));
  const [first, second, third] = storedConditions(CART) as readonly JsonObject[];
  assert.deepEqual([first, second], [AUDITED, late]);
  assert.equal(third?.["type"], "PortsAllocated");
});

test("where others have filled the conditions, the app gets its ports all the same", async () => {
  const conditions = Array.from({ length: 16 }, (_, index) => ({ ...AUDITED, type: `Type${index}` }));
  createProfile(CART, { status: { conditions } });
  const ports = await anAllocator().portsOf(CART);
  assert.deepEqual(storedProfile(CART)?.status, { ports, conditions });
});

test("a spec that was edited since is spoken of with one write, and the transition stays when it was", async () => {
  const allocator = anAllocator();
  await allocator.portsOf(CART);
  const profile = storedProfile(CART);
  assert.ok(profile);
  api.store.update("meshprofiles", { ...profile, spec: { quota: { connections: 5 } } });
  assert.equal(seenProfiles.get(CART)?.isStatusOutdated, true);
  clock.advance(60_000);
  await allocator.refreshStatus(CART);
  assert.deepEqual(storedConditions(CART), [{ ...ALLOCATED, observedGeneration: 2 }]);
  assert.equal(seenProfiles.get(CART)?.isStatusOutdated, undefined);
  const { resourceVersion } = storedProfile(CART)?.metadata ?? {};
  await allocator.refreshStatus(CART);
  assert.equal(storedProfile(CART)?.metadata.resourceVersion, resourceVersion);
});

test("ports of an earlier version get their condition; a profile without ports, or none, is left alone", async () => {
  const ports = { inbound: 20_000, outbound: 20_001 };
  createProfile(CART, { status: { ports } });
  createProfile(anApp("pay"));
  const follower = anAllocator({ isLeader: () => false });
  await follower.refreshStatus(CART);
  assert.equal(storedConditions(CART), undefined);
  const allocator = anAllocator();
  for (const app of [CART, anApp("pay"), anApp("gone")]) await allocator.refreshStatus(app);
  assert.deepEqual(storedProfile(CART)?.status, { ports, conditions: [ALLOCATED] });
  assert.equal(storedProfile(anApp("pay"))?.status, undefined);
  assert.equal(storedProfile(anApp("gone")), undefined);
});

test("a status that cannot be refreshed now holds up nobody", async () => {
  createProfile(CART, { status: { ports: { inbound: 20_000, outbound: 20_001 } } });
  const patch = connection.patch.bind(connection);
  connection.patch = async (...call) => {
    if (call[0].includes("/cart/")) throw new OperationError("KubeUnreachable", "away");
    return patch(...call);
  };
  const allocator = anAllocator();
  await allocator.refreshStatus(CART);
  assert.ok(await allocator.portsOf(anApp("pay")));
});

test("what the watch shows wins over what was once granted", async () => {
  const allocator = anAllocator();
  await allocator.portsOf(CART);
  api.store.delete("meshprofiles", splitAppName(CART));
  const ports = { inbound: 22_000, outbound: 22_001 };
  createProfile(CART, { status: { ports } });
  assert.deepEqual(await allocator.portsOf(CART), ports);
});

test("an API server that is away leaves the app without ports for now", async () => {
  await api.close();
  assert.equal(await anAllocator({ profiles: NO_PROFILES }).portsOf(CART), undefined);
});
