import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { test } from "node:test";
import type { AppName, NodeName } from "#model/brand.ts";
import type { KubeObject } from "#sim/loopback/kube-object.ts";
import { MIB } from "#test/builders/sizes.ts";
import { ClusterLedger } from "#model/ledger.ts";
import { silentLogger } from "#runtime/logger.ts";
import { VirtualClock } from "#runtime/virtual-clock.ts";
import { SizingModel } from "../policy/sizing-model.ts";
import { RecommenderBed, USAGE_INTERVAL_MS } from "../testing/recommender-bed.ts";
import { appKey, nodeKey } from "./learned-state.ts";
import { StateKeeper } from "./state-keeper.ts";
import type { StateStore } from "./state-store.ts";
import { readStateText } from "./state-text.ts";

const NODE = "node-1" as NodeName;
const CART = "shop/cart" as AppName;
const KEY = "state.json.gz";
const HOURS = 3;

/** Two pods of cart whose proxy uses this share of what they cost by the model. */
function use(bed: RecommenderBed, share: number): void {
  const usage = { cpuMilli: 100 + share * 70, memoryBytes: (128 + share * 120) * MIB };
  bed.api.setMetricsSource(() => [{ namespace: "berth-system", name: "proxy-on-node-1", ...usage }]);
}

/** What the first recommender keeps, and when. */
const firstLife = (): Promise<FirstLife> => (lived ??= live());
let lived: Promise<FirstLife> | undefined;

interface FirstLife {
  readonly state: readonly KubeObject[];
  readonly endMs: number;
  readonly requiredMilli: number;
}

async function live(): Promise<FirstLife> {
  await using bed = await RecommenderBed.start({ state: [] });
  bed.join("cart", 2);
  use(bed, 2);
  await bed.pass(HOURS * 60 * USAGE_INTERVAL_MS);
  const state = await bed.savedState();
  return { state, endMs: bed.clock.nowMs(), requiredMilli: requiredMilli(bed) };
}

function requiredMilli({ ledger, model, clock }: RecommenderBed): number {
  const node = ledger.node(NODE);
  assert.ok(node !== undefined);
  return model.requiredNow(node, clock.nowMs()).cpuMilli;
}

/** A second recommender, a minute later, on a cluster that only has those objects. */
async function secondLife(state: readonly KubeObject[], endMs: number): Promise<RecommenderBed> {
  const bed = await RecommenderBed.start({ state, startMs: endMs });
  bed.join("cart", 2);
  use(bed, 1);
  await bed.pass(3 * USAGE_INTERVAL_MS);
  return bed;
}

async function counted(bed: RecommenderBed, series: string): Promise<number> {
  const line = (await bed.metrics.registry.metrics()).split("\n").find((text) => text.startsWith(series));
  return Number(line?.split(" ").at(-1) ?? 0);
}

/** What the second life's readings show alone: 170m, and the margin of a node that is not known yet. */
const FRESH_MILLI = 172;

test("what a node was seen to need survives the recommender", async () => {
  const { state, endMs, requiredMilli: before } = await firstLife();
  assert.ok(state.length >= 1 && state.length <= 16);
  await using bed = await secondLife(state, endMs);
  // Twice the model's sum and a margin before; by now that sum is used, and the level has begun to follow it.
  assert.ok(before >= 240 && before <= 245, String(before));
  assert.ok(requiredMilli(bed) > 200, String(requiredMilli(bed)));
  assert.equal(await counted(bed, 'berth_recommender_state_entries_total{outcome="restored"}'), 2);
  // The node's demand, and what its totals taught; nothing of a node whose proxy told nothing.
  await using fresh = await secondLife([], endMs);
  assert.equal(requiredMilli(fresh), FRESH_MILLI);
});

test("what nodes' totals taught of apps survives", async () => {
  const { state, endMs } = await firstLife();
  await using bed = await secondLife(state, endMs);
  const samples = bed.model.learnedOf(CART)?.samples ?? 0;
  assert.ok(samples > HOURS * 60 - 10, String(samples));
  await using fresh = await secondLife([], endMs);
  assert.ok((fresh.model.learnedOf(CART)?.samples ?? 0) < 10);
});

test("what apps cost survives, too", async () => {
  await using bed = await RecommenderBed.start({ state: [] });
  bed.join("cart", 2);
  await bed.settle();
  const node = bed.ledger.node(NODE);
  assert.ok(node !== undefined);
  const used = { cpuMilli: 90, memoryBytes: 90 * MIB };
  const instances = new Map([[CART, { pods: 2, connections: 3, kiloRps: 0.1, used, isThrottled: false }]]);
  for (let minute = 1; minute <= 100; minute++) {
    const nowMs = bed.clock.nowMs() + minute * 60_000;
    bed.model.observe(
      node,
      { used, instances, timeMs: nowMs },
      { nowMs, priorOf: (app) => bed.ledger.profile(app).cost },
    );
  }
  const before = bed.model.learnedOf(CART);
  await bed.pass(USAGE_INTERVAL_MS);
  await using next = await RecommenderBed.start({
    state: await bed.savedState(),
    startMs: bed.clock.nowMs() + 100 * 60_000,
  });
  next.join("cart", 2);
  await next.pass(2 * USAGE_INTERVAL_MS);
  const after = next.model.learnedOf(CART);
  assert.equal(after?.samples, 100);
  assert.equal(after?.confidence, before?.confidence);
  // The sums are the same; the solution is looked for from another start.
  for (const part of ["base", "perPod"] as const) {
    const [was, is] = [before, after].map((learned) => learned?.cost[part]);
    assert.ok(was !== undefined && is !== undefined);
    assert.ok(Math.abs(is.cpuMilli - was.cpuMilli) < 1e-3, part);
    assert.ok(Math.abs(is.memoryBytes - was.memoryBytes) < 100, part);
  }
  assert.deepEqual(next.model.pooledOf(NODE), bed.model.pooledOf(NODE));
});

/** The objects with another content under the same names. */
function rewritten(
  state: readonly KubeObject[],
  change: (content: unknown) => unknown,
): readonly KubeObject[] {
  return state.map((object) => {
    const [text = ""] = Object.values(object["binaryData"] as Record<string, string>);
    const entries = readStateText(Buffer.from(text, "base64"));
    assert.ok(typeof entries !== "string");
    const content = { format: "berth-recommender-state", version: 1, entries: Object.fromEntries(entries) };
    const bytes = change(content);
    const data = Buffer.isBuffer(bytes) ? bytes : gzipSync(JSON.stringify(bytes));
    return { ...object, binaryData: { [KEY]: data.toString("base64") } };
  });
}

test("a state that is damaged, somebody else's, or of a later version is refused, said, and learned anew", async () => {
  const { state, endMs } = await firstLife();
  const refusals: Readonly<Record<string, (content: unknown) => unknown>> = {
    corrupt: () => Buffer.from("no gzip"),
    newer: (content) => ({ ...(content as object), version: 2 }),
    foreign: () => ({ some: "thing" }),
  };
  for (const [refusal, change] of Object.entries(refusals)) {
    await using bed = await secondLife(rewritten(state, change), endMs);
    const series = `berth_recommender_state_shards_total{outcome="${refusal}"}`;
    assert.equal(await counted(bed, series), state.length, refusal);
    assert.equal(requiredMilli(bed), FRESH_MILLI, refusal);
    // And is written over: the next life has what this one learned.
    const now = await bed.savedState();
    assert.notDeepEqual(now[0]?.["binaryData"], state[0]?.["binaryData"]);
  }
});

test("an entry that is damaged is refused alone", async () => {
  const { state, endMs } = await firstLife();
  const damaged = rewritten(state, (content) => {
    const { entries, ...rest } = content as { entries: Record<string, { lastMs: number; state: unknown }> };
    const node = entries[nodeKey(NODE)];
    if (node === undefined) return content;
    const { demand } = node.state as { demand: { cpu: object } };
    const badly = {
      ...demand,
      cpu: {
        ...demand.cpu,
        recent: [
          [2, 1],
          [1, 1],
        ],
      },
    };
    entries[nodeKey(NODE)] = { ...node, state: { ...(node.state as object), demand: badly } };
    entries[appKey("shop/odd")] = { lastMs: node.lastMs, state: { whatever: 1 } };
    return { ...rest, entries };
  });
  await using bed = await secondLife(damaged, endMs);
  assert.equal(await counted(bed, 'berth_recommender_state_entries_total{outcome="refused"}'), 2);
  assert.equal(requiredMilli(bed), FRESH_MILLI);
});

test("an object of the name that is not ours is never written over", async () => {
  const { state, endMs } = await firstLife();
  const theirs = state.map((object): KubeObject => {
    const { labels: _, ...metadata } = object.metadata;
    return Object.assign(structuredClone(object), { metadata });
  });
  await using bed = await secondLife(theirs, endMs);
  const now = await bed.savedState();
  assert.deepEqual(
    now.map((object) => object["binaryData"]),
    theirs.map((object) => object["binaryData"]),
  );
});

test("what is too old to say anything goes, and what belongs to nobody for a while stays", async () => {
  const { state, endMs } = await firstLife();
  for (const [hours, isThere] of [
    [40, true],
    [50, false],
  ] as const) {
    // No pod of the node's proxy, and no readings.
    await using bed = await RecommenderBed.start({ state, startMs: endMs + hours * 3_600_000 });
    bed.deleteProxy("proxy-on-node-1");
    bed.api.setMetricsSource(() => []);
    await bed.pass(2 * USAGE_INTERVAL_MS);
    const keys = (await bed.savedState()).flatMap((object) => {
      const [text = ""] = Object.values(object["binaryData"] as Record<string, string>);
      const entries = readStateText(Buffer.from(text, "base64"));
      assert.ok(typeof entries !== "string");
      return Array.from(entries.keys());
    });
    assert.equal(keys.includes(nodeKey(NODE)), isThere, `${hours} hours`);
  }
});

test("a recommender that stops leaves everything it knows, not one part of it", async () => {
  const saved: string[][] = [];
  const parts = [["a"], ["b"], ["c"]];
  const store: StateStore = {
    load: () => Promise.resolve(new Map()),
    save() {
      const part = parts.shift();
      if (part !== undefined) saved.push(part);
      return Promise.resolve(part !== undefined);
    },
    close: () => undefined,
  };
  const clock = new VirtualClock(0);
  const keeper = new StateKeeper({
    store,
    model: new SizingModel(),
    ledger: new ClusterLedger(),
    daemons: () => [],
    clock,
    timer: clock,
    mayAct: () => true,
    told: { stateEntry: () => undefined },
    logger: silentLogger,
  });
  await keeper.load();
  await keeper.stop();
  assert.deepEqual(saved, [["a"], ["b"], ["c"]]);
});
