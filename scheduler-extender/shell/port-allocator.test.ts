import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { splitAppName } from "#model/app.ts";
import type { AppName } from "#model/brand.ts";
import { KubeConnection } from "#kube/connection.ts";
import { decodeMeshProfile } from "#kube/mesh-profile-schema.ts";
import { OperationError } from "#runtime/operation-error.ts";
import { silentLogger } from "#runtime/logger.ts";
import { VirtualClock } from "#runtime/virtual-clock.ts";
import type { JsonObject } from "#sim/loopback/json.ts";
import type { KubeObject } from "#sim/loopback/kube-object.ts";
import { LoopbackApi } from "#sim/loopback/loopback-api.ts";
import { anApp } from "#test/builders/a-pod.ts";
import { DEFAULT_PORT_RANGE } from "../policy/ports.ts";
import { PortAllocator, type PortAllocatorOptions, type SeenProfiles } from "./port-allocator.ts";

const CART = anApp("cart");

let api: LoopbackApi;
let connection: KubeConnection;

beforeEach(async () => {
  api = new LoopbackApi({ clock: new VirtualClock(0) });
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
    logger: silentLogger,
    ...options,
  });
}

const seenProfiles: SeenProfiles = {
  get: (app) => {
    const object = storedProfile(app);
    return object === undefined ? undefined : decodeMeshProfile(object);
  },
  values: () => api.store.list("meshprofiles").map(decodeMeshProfile),
};
/** A watch that lags. */
const NO_PROFILES: SeenProfiles = { get: () => undefined, values: () => [] };

function storedProfile(app: AppName): KubeObject | undefined {
  return api.store.get("meshprofiles", splitAppName(app));
}

function createProfile(
  app: AppName,
  rest: { readonly spec?: JsonObject; readonly status?: JsonObject } = {},
): KubeObject {
  return api.store.create("meshprofiles", { metadata: splitAppName(app), spec: {}, ...rest });
}

test("an app without a profile is given one, with ports in its status", async () => {
  const ports = await anAllocator().portsOf(CART);
  assert.deepEqual(ports, { inbound: 20_000, outbound: 20_001 });
  assert.deepEqual(storedProfile(CART)?.status, { ports });
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
    assert.deepEqual(storedProfile(app)?.status, { ports: portsByApp.get(app) });
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
  assert.deepEqual(storedProfile(CART)?.status, { ports });
  assert.equal(writes.conflicts, 2);
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
  assert.notDeepEqual(storedProfile(CART)?.status, { ports });
  assert.deepEqual(await allocator.portsOf(CART), { inbound: 20_000, outbound: 20_001 });
});

test("a malformed profile costs its own app the ports and nobody else", async () => {
  createProfile(CART, { spec: { quota: { cpu: "lots" } } });
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
