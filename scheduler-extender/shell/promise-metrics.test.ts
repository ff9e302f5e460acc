import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { Registry } from "prom-client";
import type { NodeName } from "#model/brand.ts";
import type { PodView } from "#model/cluster-view.ts";
import { ClusterLedger } from "#model/ledger.ts";
import { VirtualClock } from "#runtime/virtual-clock.ts";
import { aNode } from "#test/builders/a-node.ts";
import { aPod } from "#test/builders/a-pod.ts";
import { aProfile } from "#test/builders/a-profile.ts";
import { aProxy } from "#test/builders/a-proxy.ts";
import { DEFAULT_PROMISE_LIMITS } from "../policy/promise.ts";
import { filterNodes } from "../policy/verbs.ts";
import { Explanations } from "./explanations.ts";
import { PromiseMetrics } from "./promise-metrics.ts";

const NODES = ["node-1", "node-2"] as readonly string[] as readonly NodeName[];
let ledger: ClusterLedger;
let clock: VirtualClock;
let registry: Registry;
let promises: PromiseMetrics;
let explanations: Explanations;

beforeEach(() => {
  ledger = new ClusterLedger();
  clock = new VirtualClock(1_000);
  registry = new Registry();
  promises = new PromiseMetrics({ ledger, clock }, registry);
  explanations = new Explanations({
    ledger,
    clock,
    events: { record: () => undefined },
    alsoTold: promises,
  });
  ledger.setProfile(aProfile());
  for (const name of NODES) {
    ledger.upsertNode(aNode({ name, cpuMilli: 1_000 }));
    ledger.upsertPod(aProxy({ node: name, cpuMilli: 100 }));
  }
});

function decide(name: string, nodes = NODES): void {
  const pod = aPod({ name });
  ledger.upsertPod(pod);
  const witness = explanations.filtering(pod);
  const context = { nowMs: clock.nowMs(), limits: DEFAULT_PROMISE_LIMITS, candidates: 1 as const, witness };
  filterNodes(ledger, { pod, nodes }, context);
}

function bound(name: string, node: string): void {
  const pod = aPod({ name, node });
  ledger.upsertPod(pod);
  shown(pod, aPod({ name }));
}

async function value(name: string, label = ""): Promise<number> {
  const line = (await registry.metrics())
    .split("\n")
    .find((text) => text.startsWith(`${name}${label} `) || text === `${name}${label}`);
  return Number(line?.split(" ").at(-1) ?? 0);
}

test("a pod bound where it was promised room counts once, with its B, its delay and whether it met its app", async () => {
  decide("cart-1");
  clock.advance(2_000);
  assert.equal(await value("berth_extender_oldest_reservation_seconds"), 2);
  decide("cart-2");
  bound("cart-1", "node-1");
  bound("cart-2", "node-1");
  shown(aPod({ name: "cart-2", node: "node-1" }), aPod({ name: "cart-2", node: "node-1" }));
  assert.equal(await value("berth_extender_bindings_total", '{guess="right"}'), 2);
  assert.equal(await value("berth_extender_colocation_total", '{outcome="firstOfApp"}'), 1);
  assert.equal(await value("berth_extender_colocation_total", '{outcome="hit"}'), 1);
  assert.equal(await value("berth_extender_reservation_seconds_sum"), 2);
  // The first pays the app's base, 50m, and both what a pod costs, 10m.
  const cores = await value("berth_extender_mesh_cost_granted_cpu_cores_total");
  assert.equal(Math.round(cores * 1000), 70);
  assert.equal(await value("berth_extender_oldest_reservation_seconds"), 0);
});

test("a pod bound elsewhere is a wrong guess and grants nothing; one nobody asked about is neither", async () => {
  decide("cart-1");
  bound("cart-1", "node-2");
  bound("cart-2", "node-2");
  shown(aPod({ name: "listed", node: "node-2" }), undefined);
  shown(aProxy({ node: "node-2" }), undefined);
  assert.equal(await value("berth_extender_bindings_total", '{guess="wrong"}'), 1);
  assert.equal(await value("berth_extender_bindings_total", '{guess="none"}'), 1);
  assert.equal(await value("berth_extender_mesh_cost_granted_bytes_total"), 0);
});

test("of a nominated pod the first choice counts, not the look at its one node that follows", async () => {
  decide("cart-1");
  decide("cart-2");
  decide("cart-1", [NODES[0] as NodeName]);
  bound("cart-1", "node-1");
  assert.equal(await value("berth_extender_colocation_total", '{outcome="firstOfApp"}'), 1);
});

test("a pod that is gone before it was bound is forgotten", async () => {
  decide("cart-1");
  shown(undefined, aPod({ name: "cart-1" }));
  bound("cart-1", "node-1");
  assert.equal(await value("berth_extender_bindings_total", '{guess="none"}'), 1);
});

/** As the watch shows it. */
function shown(after: PodView | undefined, before: PodView | undefined): void {
  promises.changed({ kind: "pod", after, before });
}
