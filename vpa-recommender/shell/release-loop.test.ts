import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import type { NodeName } from "#model/brand.ts";
import { KubeConnection } from "#kube/connection.ts";
import { decodeMeshProfile } from "#kube/mesh-profile-schema.ts";
import { systemClock } from "#runtime/clock.ts";
import { silentLogger } from "#runtime/logger.ts";
import type { JsonObject } from "#sim/loopback/json.ts";
import { LoopbackApi } from "#sim/loopback/loopback-api.ts";
import { PlayedProxies } from "../testing/played-proxies.ts";
import { ReleaseLoop, type ReleaseLoopOptions } from "./release-loop.ts";

const NODES = ["node-1", "node-2", "node-3", "node-4"] as const;
const KEY = { namespace: "default", name: "cart" };

let api: LoopbackApi;
let connection: KubeConnection;
let proxies: PlayedProxies;
let steps: string[] = [];

beforeEach(async () => {
  steps = [];
  api = new LoopbackApi({ clock: systemClock() });
  const { url } = await api.listen({ host: "127.0.0.1", port: 0 });
  connection = new KubeConnection({ server: url });
  proxies = new PlayedProxies(NODES);
});

afterEach(async () => {
  await connection.close();
  await api.close();
});

function aLoop(options: Partial<ReleaseLoopOptions> = {}): ReleaseLoop {
  return new ReleaseLoop({
    connection,
    profiles: () => api.store.list("meshprofiles").map(decodeMeshProfile),
    nodesOf: () => NODES as readonly string[] as readonly NodeName[],
    proxyOf: proxies.proxyOf,
    client: proxies,
    budget: { run: (_urgency, write) => write() },
    clock: systemClock(),
    intervalMs: 1,
    metrics: { stepped: (phase, reason) => void steps.push(`${phase} ${reason}`) },
    logger: silentLogger,
    mayAct: () => true,
    ...options,
  });
}

function createProfile(spec: JsonObject): void {
  api.store.create("meshprofiles", { metadata: KEY, spec });
}

function edit(spec: JsonObject): void {
  const object = api.store.get("meshprofiles", KEY);
  assert.ok(object !== undefined);
  api.store.update("meshprofiles", { ...object, spec });
}

interface Status {
  readonly release: {
    readonly phase: string;
    readonly reason: string;
    readonly firstNode?: string;
    readonly settled: { readonly version: number; readonly config: object };
    readonly nodes: { readonly total: number };
  };
  readonly conditions: readonly { readonly type: string; readonly status: string }[];
}

function status(): Status {
  return api.store.get("meshprofiles", KEY)?.status as unknown as Status;
}

async function looks(loop: ReleaseLoop, count: number): Promise<void> {
  for (let look = 0; look < count; look++) {
    await loop.look();
    proxies.read(api.store.get("meshprofiles", KEY));
  }
}

test("a profile is recorded as it is found, with a condition, and left alone from then on", async () => {
  createProfile({ quota: { connections: 5 } });
  const loop = aLoop();
  await looks(loop, 1);
  assert.equal(status().release.phase, "Settled");
  assert.deepEqual(
    status().conditions.map(({ type, status: value }) => `${type} ${value}`),
    ["Released True"],
  );
  const { resourceVersion } = api.store;
  await looks(loop, 3);
  assert.equal(api.store.resourceVersion, resourceVersion);
});

test("a change reaches one node after the other, and what it takes away is gone from the record", async () => {
  createProfile({ quota: { connections: 5, concurrency: 3 } });
  const loop = aLoop();
  await looks(loop, 1);
  edit({ quota: { connections: 6 } });
  await looks(loop, 20);
  assert.equal(status().release.phase, "Settled");
  assert.deepEqual(status().release.settled.config, { quota: { connections: 6 } });
  assert.ok(steps.includes("RollingOut Judging"));
});

test("thirty nodes take a change three at once, after one that had it alone", async () => {
  const names = Array.from({ length: 30 }, (_, index) => `node-${index}`);
  proxies = new PlayedProxies(names);
  createProfile({});
  const loop = aLoop({ nodesOf: () => names as NodeName[] });
  await looks(loop, 1);
  edit({ quota: { connections: 6 } });
  const changed: number[] = [];
  while (status().release.settled.version === 1) {
    const updated = (): number => [...proxies.nodes.values()].filter(({ version }) => version === 2).length;
    const before = updated();
    await looks(loop, 1);
    changed.push(updated() - before);
  }
  assert.deepEqual(changed.filter((count) => count > 0).slice(0, 4), [1, 1, 2, 3]);
  assert.equal(Math.max(...changed), 3);
  assert.equal(
    changed.reduce((sum, count) => sum + count, 0),
    30,
  );
});

test("a node that errs has its version taken back, and another leader knows it", async () => {
  createProfile({});
  await looks(aLoop(), 1);
  edit({ quota: { connections: 6 } });
  await looks(aLoop(), 1);
  const loop = aLoop();
  await looks(loop, 2);
  const first = status().release.firstNode as NodeName;
  Object.assign(proxies.nodes.get(first) ?? {}, { errors: 60 });
  await looks(aLoop(), 3);
  assert.equal(status().release.phase, "Halted");
  assert.equal(steps.at(-1), "Halted ErrorRate");
  for (const { version } of proxies.nodes.values()) assert.equal(version, 1);
});

test("a first node that says nothing pauses the release, and one that is down and not first does not", async () => {
  createProfile({});
  const loop = aLoop();
  await looks(loop, 1);
  edit({ quota: { connections: 6 } });
  await looks(loop, 2);
  const first = status().release.firstNode as NodeName;
  proxies.silent.add(first);
  proxies.unready.add(first);
  await looks(loop, 3);
  assert.equal(status().release.reason, "NodeUnknown");
  proxies.silent.clear();
  proxies.unready.clear();
  const down = NODES.find((node) => node !== first) as NodeName;
  proxies.silent.add(down);
  proxies.unready.add(down);
  // Known from before, it would be believed for a while; a new leader knows nothing of it.
  await looks(aLoop(), 20);
  const again = aLoop();
  await looks(again, 20);
  assert.equal(status().release.phase, "Settled");
  assert.equal(status().release.nodes.total, 3);
});

test("a write that another writer was faster than is decided on anew", async () => {
  createProfile({});
  let reads = 0;
  const racing = aLoop({
    connection: {
      get: async (...request) => {
        const answer = await connection.get(...request);
        const object = api.store.get("meshprofiles", KEY);
        assert.ok(object !== undefined);
        const metadata = { ...object.metadata, labels: { touched: String(reads) } };
        if (reads++ === 0) api.store.update("meshprofiles", { ...object, metadata });
        return answer;
      },
      patch: (...request) => connection.patch(...request),
    },
  });
  await looks(racing, 1);
  assert.deepEqual(steps, []);
  await looks(racing, 1);
  assert.deepEqual(steps, ["Settled Settled"]);
});

test("where proxies are not asked nothing is recorded, and what was is brought to its end", async () => {
  createProfile({});
  proxies.isOn = false;
  await looks(aLoop(), 2);
  assert.deepEqual(steps, []);
  proxies.isOn = true;
  await looks(aLoop(), 1);
  edit({ quota: { connections: 6 } });
  proxies.isOn = false;
  await looks(aLoop(), 1);
  assert.deepEqual(status().release.settled.config, { quota: { connections: 6 } });
});

test("who does not lead looks at nothing", async () => {
  createProfile({});
  await looks(aLoop({ mayAct: () => false }), 2);
  assert.deepEqual(steps, []);
});
