import assert from "node:assert/strict";
import { test } from "node:test";
import type { AppName, NodeName } from "./brand.ts";
import { assignedVersion, nodesInTurn, placeInOrder, REACH_MAX, type Release } from "./release.ts";

const APP = "shop/cart" as AppName;
const NODES = Array.from({ length: 1_000 }, (_, index) => `node-${index}` as NodeName);
const ONE = { version: 1, config: "{}" };
const TWO = { version: 2, config: '{"quota":{}}' };

function aRelease(overrides: Partial<Release> = {}): Release {
  return {
    phase: "RollingOut",
    settled: ONE,
    target: TWO,
    firstNodesTried: 1,
    reach: 0,
    previous: [],
    reason: "Judging",
    message: "",
    nodes: { total: 0, updated: 0, proven: 0 },
    inUse: [],
    ...overrides,
  };
}

test("places are spread evenly, whatever the nodes' names have in common", () => {
  const quarters = [0, 0, 0, 0];
  for (const node of NODES) {
    const quarter = Math.floor((4 * placeInOrder(APP, 2, node)) / REACH_MAX);
    quarters[quarter] = (quarters[quarter] ?? 0) + 1;
  }
  for (const count of quarters) assert.ok(count > 200 && count < 300, String(quarters));
});

test("another version of an app has another order", () => {
  const first = (version: number): NodeName | undefined => nodesInTurn(APP, version, NODES)[0];
  assert.equal(new Set([1, 2, 3, 4].map(first)).size, 4);
});

test("nodes take the target in their turn, and the settled version until then", () => {
  const inTurn = nodesInTurn(APP, 2, NODES);
  const tenth = inTurn[9] ?? ("none" as NodeName);
  const release = aRelease({ reach: placeInOrder(APP, 2, tenth) + 1 });
  const has = inTurn.filter((node) => assignedVersion(release, APP, node) === TWO);
  assert.deepEqual(has, inTurn.slice(0, 10));
});

test("the first node alone has the target at first, and all have it at the end", () => {
  const [firstNode] = NODES;
  const first = aRelease({ firstNode });
  assert.deepEqual(
    NODES.filter((node) => assignedVersion(first, APP, node) === TWO),
    [firstNode],
  );
  const all = aRelease({ reach: REACH_MAX });
  assert.ok(NODES.every((node) => assignedVersion(all, APP, node) === TWO));
});

test("without a target, and with one that nobody has, every node has what settled", () => {
  const { target: _target, ...settled } = aRelease({ phase: "Settled" });
  for (const release of [settled, aRelease({ phase: "Halted" })])
    assert.ok(NODES.every((node) => assignedVersion(release, APP, node) === ONE));
});
