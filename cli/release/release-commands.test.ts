import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import type { NodeName } from "#model/brand.ts";
import { decodeNodeProfile, decodeReleasedProfile } from "#kube/released-profile.ts";
import { systemClock } from "#runtime/clock.ts";
import { UsageError } from "#runtime/usage-error.ts";
import type { JsonObject } from "#sim/loopback/json.ts";
import type { KubeObject } from "#sim/loopback/kube-object.ts";
import { LoopbackApi } from "#sim/loopback/loopback-api.ts";
import { runRestart } from "./restart-command.ts";
import { runRollback } from "./rollback-command.ts";

const KEY = { namespace: "default", name: "cart" };

let api: LoopbackApi;
let url: string;
let text: string;

beforeEach(async () => {
  text = "";
  api = new LoopbackApi({ clock: systemClock() });
  ({ url } = await api.listen({ host: "127.0.0.1", port: 0 }));
});

afterEach(() => api.close());

function createProfile(spec: JsonObject, release?: JsonObject): void {
  const status = release === undefined ? {} : { release: { ...RELEASE, ...release } };
  api.store.create("meshprofiles", { metadata: KEY, spec, status });
}

function stored(): KubeObject {
  const object = api.store.get("meshprofiles", KEY);
  assert.ok(object !== undefined);
  return object;
}

const THREE = { version: 3, config: { quota: { connections: 3 } } };
const FOUR = { version: 4, config: { quota: { connections: 4 }, isolation: "process" } };
const FIVE = { version: 5, config: { quota: { connections: 5, concurrency: 5 } } };
const RELEASE: JsonObject = {
  phase: "Settled",
  settled: FIVE,
  previous: [FOUR, THREE],
  reach: 0,
  reason: "Settled",
  message: "",
  nodes: { total: 3, updated: 3, proven: 3 },
};
const KEPT = { cost: { base: { cpu: "20m" } }, placement: { maxPodsPerNode: 8 } };

async function rollback(...argv: readonly string[]): Promise<void> {
  await runRollback([...argv, `--api-server=${url}`], (part) => void (text += part));
}

async function restart(...argv: readonly string[]): Promise<void> {
  await runRestart([...argv, `--api-server=${url}`], (part) => void (text += part));
}

test("a version that has settled goes back to the one before, at once, and nothing else of the spec does", async () => {
  createProfile({ ...KEPT, ...FIVE.config });
  const before = stored();
  api.store.update("meshprofiles", { ...before, status: { release: RELEASE } });
  await rollback("default/cart");
  assert.deepEqual(stored().spec, { ...KEPT, ...FOUR.config });
  assert.equal(decodeReleasedProfile(stored()).isAtOnce, true);
  assert.match(text, /^default\/cart goes back to version 4, on all nodes at once\n/);
});

test("a version that is under way, or was taken back, goes back to what settled", async () => {
  createProfile({ quota: { connections: 6 } }, { phase: "Halted", target: { version: 6, config: {} } });
  await rollback("default/cart");
  assert.deepEqual(stored().spec, FIVE.config);
  text = "";
  await rollback("default/cart", "--to=5");
  assert.match(text, /is that of version 5 already/);
});

test("any recorded version can be named, and a dry run only names it", async () => {
  createProfile(FIVE.config, {});
  await rollback("default/cart", "--to=3", "--dry-run", "-o", "json");
  assert.deepEqual(JSON.parse(text), {
    app: "default/cart",
    version: 3,
    from: 1,
    isThere: false,
    written: false,
  });
  assert.deepEqual(stored().spec, FIVE.config);
  await rollback("default/cart", "--to=3");
  assert.deepEqual(stored().spec, THREE.config);
});

test("the next edit is no rollback any more", async () => {
  createProfile(FIVE.config, {});
  await rollback("default/cart");
  api.store.update("meshprofiles", { ...stored(), spec: THREE.config });
  assert.equal(decodeReleasedProfile(stored()).isAtOnce, false);
});

test("a restart is for one node or for all, and another one every time", async () => {
  createProfile({});
  const idOn = (node: string): string | undefined => decodeNodeProfile(stored(), node as NodeName).restartId;
  api.store.create("nodes", { metadata: { name: "node-1" } });
  await restart("default/cart", "--node=node-1");
  const first = idOn("node-1");
  assert.ok(first !== undefined);
  assert.equal(idOn("node-2"), undefined);
  assert.equal(text, "default/cart is asked to restart on node-1\n");
  await restart("default/cart", "--node=node-1");
  assert.notEqual(idOn("node-1"), first);
  text = "";
  await restart("default/cart", "-o", "json");
  const { id, node } = JSON.parse(text) as { readonly id: string; readonly node: null };
  assert.equal(node, null);
  assert.equal(idOn("node-2"), id);
});

const REFUSED: readonly (readonly [string, () => Promise<void>, RegExp])[] = [
  ["no app", () => rollback(), /^say which app, as NAMESPACE\/NAME, or NAME with --namespace$/],
  [
    "an app without a namespace",
    () => restart("cart"),
    /^say which app, as NAMESPACE\/NAME, or NAME with --namespace: "cart" is none/,
  ],
  ["an app that has no profile", () => rollback("default/gone"), /^there is no MeshProfile default\/gone/],
  ["a version that is not recorded", () => rollback("default/cart", "--to=9"), /recorded: 5, 4, 3$/],
  ["a node of no name", () => restart("default/cart", "--node="), /--node/],
  ["a node that is not there", () => restart("default/cart", "--node=node-9"), /^there is no node node-9$/],
  ["an option that there is not", () => restart("default/cart", "--al"), /--al/],
];

for (const [what, act, message] of REFUSED) {
  test(`${what} is refused, and nothing is changed`, async () => {
    createProfile(FIVE.config, {});
    const before = stored();
    await assert.rejects(act(), (error: unknown) => {
      assert.ok(error instanceof UsageError, String(error));
      assert.match(error.message, message);
      return true;
    });
    assert.deepEqual(stored(), before);
  });
}

test("where no version is recorded, or none before, it is said", async () => {
  createProfile({});
  await assert.rejects(rollback("default/cart"), /no version of it is recorded/);
  api.store.update("meshprofiles", {
    ...stored(),
    spec: FIVE.config,
    status: { release: { ...RELEASE, previous: [] } },
  });
  await assert.rejects(rollback("default/cart"), /there is no version before; recorded: 5$/);
});

test("an API server that does not answer is named", async () => {
  const argv = ["default/cart", "--api-server=http://127.0.0.1:1"];
  await assert.rejects(
    runRestart(argv, () => undefined),
    /cannot be changed: GET http:\/\/127\.0\.0\.1:1/,
  );
});
