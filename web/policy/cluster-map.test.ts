import assert from "node:assert/strict";
import { test } from "node:test";
import { ClusterLedger } from "#model/ledger.ts";
import { aNode } from "#test/builders/a-node.ts";
import { aPod } from "#test/builders/a-pod.ts";
import { aProxy } from "#test/builders/a-proxy.ts";
import { GIB, MIB } from "#test/builders/sizes.ts";
import { type ClusterMap, clusterMap, mapNode, type MapNode } from "./cluster-map.ts";
import { figuresOfNode, NO_USAGE } from "./fleet-figures.ts";
import { colouredApps, mapColour, mapLegend, mapState, pressureOf } from "./map-colours.ts";
import { mapSummary } from "./map-summary.ts";
import { NameNumbers } from "./name-numbers.ts";
import { patchBetween } from "./patch.ts";

const numbers = () => ({ zones: new NameNumbers(), apps: new NameNumbers() });

function fleet(): ClusterLedger {
  const ledger = new ClusterLedger();
  ledger.upsertNode(aNode({ name: "node-1" }));
  ledger.upsertNode(aNode({ name: "node-2", zone: "zone-b" }));
  ledger.upsertNode(aNode({ name: "node-3", zone: "" }));
  ledger.upsertPod(aProxy({ node: "node-1", cpuMilli: 900, memoryBytes: 900 * MIB }));
  ledger.upsertPod(aProxy({ node: "node-2", memoryBytes: 64 * MIB, isReady: false }));
  for (const name of ["a", "b", "c"]) ledger.upsertPod(aPod({ name, node: "node-1" }));
  ledger.upsertPod(aPod({ name: "web-1", app: "web", node: "node-1", memoryBytes: GIB }));
  ledger.upsertPod(aPod({ name: "web-2", app: "web", node: "node-2", memoryBytes: 16 * GIB }));
  return ledger;
}

function read(view: ClusterMap): ReadonlyMap<string, MapNode> {
  return new Map(Object.entries(view.nodes).map(([name, row]) => [name, mapNode(name, row, view)]));
}

test("a row says of a node what the figures of the terminal say, to the MiB", () => {
  const ledger = fleet();
  const nodes = read(clusterMap({ ledger }, numbers()));
  assert.equal(nodes.size, 3);
  for (const account of ledger.nodes()) {
    const node = nodes.get(account.name);
    const figures = figuresOfNode(account, NO_USAGE);
    assert.ok(node !== undefined);
    assert.equal(node.zone, figures.zone);
    assert.deepEqual(node.allocatable, figures.allocatable);
    assert.deepEqual(
      [node.meshPods, node.pods.size, node.reuse],
      [figures.meshPods, figures.apps, figures.reuse],
    );
    assert.equal(node.proxy === null, figures.proxy === null);
    assert.equal(node.free.cpuMilli, figures.free.cpuMilli);
    assert.ok(Math.abs(node.free.memoryBytes - figures.free.memoryBytes) <= 4 * MIB);
    assert.ok(node.free.memoryBytes <= figures.free.memoryBytes, "rounded to the safe side");
  }
});

test("what apps request, what the mesh costs and what is free make up the node", () => {
  for (const { allocatable, apps, mesh, free } of read(clusterMap({ ledger: fleet() }, numbers())).values())
    assert.equal(apps.memoryBytes + mesh.memoryBytes + free.memoryBytes, allocatable.memoryBytes);
});

test("a pod that joins changes its node's row and no other", () => {
  const ledger = fleet();
  const same = numbers();
  const before = clusterMap({ ledger }, same);
  ledger.upsertPod(aPod({ name: "new-1", app: "new", node: "node-3" }));
  const patch = patchBetween({ ...before }, { ...clusterMap({ ledger }, same) });
  assert.deepEqual(Object.keys(patch?.in?.["nodes"]?.set ?? {}), ["node-3"]);
  assert.deepEqual(patch?.in?.["apps"]?.set, { 2: "shop/new" });
});

test("edges tell a node that needs somebody from one that the recommender is about to mend", () => {
  const nodes = read(clusterMap({ ledger: fleet() }, numbers()));
  const states = [...nodes.values()].map((node) => [node.name, mapState(node)]);
  assert.deepEqual(states, [
    ["node-1", undefined],
    ["node-2", "bad"],
    ["node-3", "bad"],
  ]);
  const ready = new ClusterLedger();
  ready.upsertNode(aNode());
  ready.upsertPod(aProxy({ node: "node-1", memoryBytes: 1 * MIB }));
  ready.upsertPod(aPod({ node: "node-1" }));
  const [node] = read(clusterMap({ ledger: ready }, numbers())).values();
  assert.equal(node?.isShort, true);
  assert.equal(node && mapState(node), "warn");
  // Placement counts more than the recommender sizes by: only the latter has anything resized.
  const held = new Map([["node-1", { cpuMilli: 0, memoryBytes: 1 * MIB }]]);
  const [sized] = read(clusterMap({ ledger: ready }, numbers(), held)).values();
  assert.deepEqual([sized?.isShort, sized?.free], [false, node?.free]);
});

test("colours follow reuse, pressure, and the app with most pods", () => {
  const nodes = read(clusterMap({ ledger: fleet() }, numbers()));
  const [one, two, three] = ["node-1", "node-2", "node-3"].map((name) => nodes.get(name));
  assert.ok(one !== undefined && two !== undefined && three !== undefined);
  const kinds = colouredApps([...nodes.values()]);
  assert.deepEqual(kinds, ["shop/cart", "shop/web"]);
  const colours = (mode: "reuse" | "pressure" | "app", of = kinds): readonly string[] =>
    [one, two, three].map((node) => mapColour(node, { mode, resource: "memoryBytes", kinds: of }));
  assert.deepEqual(colours("reuse"), ["scale-1", "scale-0", "room"]);
  assert.deepEqual(colours("pressure"), ["scale-0", "scale-4", "scale-0"]);
  assert.ok(pressureOf(two, "memoryBytes") > 1);
  assert.deepEqual(colours("app"), ["kind-0", "kind-1", "room"]);
  assert.deepEqual(colours("app", ["shop/web"]), ["kind-other", "kind-0", "room"]);
});

test("every colour that a mode uses is in its legend, in words", () => {
  for (const mode of ["reuse", "pressure", "app"] as const) {
    const nodes = [...read(clusterMap({ ledger: fleet() }, numbers())).values()];
    const kinds = colouredApps(nodes);
    const legend = new Set(mapLegend(mode, kinds).map(({ colour }) => colour));
    for (const node of nodes) {
      const colour = mapColour(node, { mode, resource: "cpuMilli", kinds });
      assert.ok(legend.has(colour), `${mode}: ${colour}`);
    }
  }
});

test("the summary adds up, and does not set one node's excess against another's room", () => {
  const nodes = [...read(clusterMap({ ledger: fleet() }, numbers())).values()];
  const summary = mapSummary(nodes, "memoryBytes");
  assert.equal(summary.allocatable, 48 * GIB);
  assert.deepEqual(
    summary.mostFree.map(({ name }) => name),
    ["node-3", "node-1", "node-2"],
  );
  assert.deepEqual(
    summary.overcommitted.map(({ name }) => name),
    ["node-2"],
  );
  assert.deepEqual(
    summary.notReady.map(({ name }) => name),
    ["node-2", "node-3"],
  );
  const [, , over] = summary.mostFree;
  assert.ok(over !== undefined && over.free.memoryBytes < 0);
  assert.equal(summary.free, summary.allocatable - summary.apps - summary.mesh - over.free.memoryBytes);
});
