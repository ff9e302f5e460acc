import assert from "node:assert/strict";
import { test } from "node:test";
import {
  askedText,
  changeRows,
  type ForkState,
  obstacleTexts,
  whatIfHeadline,
  type WhatIfResult,
} from "./what-if.ts";

const STATE: ForkState = {
  nodes: 3,
  nodesUsed: 3,
  meshPods: 12,
  instances: 4,
  mesh: { cpuMilli: 1000, memoryBytes: 2 * 1024 ** 3 },
  nodesShort: 0,
  waiting: 0,
  podsOnNodeMax: 4,
  appsMostlyOnOneNode: 0,
};

const RESULT: WhatIfResult = {
  before: STATE,
  rolledOut: undefined,
  after: {
    ...STATE,
    nodes: 2,
    nodesUsed: 2,
    waiting: 2,
    meshPods: 10,
    mesh: { cpuMilli: 900, memoryBytes: 1024 ** 3 },
  },
  unplaced: [{ of: "shop/cart", pods: 2 }],
  obstacles: [],
  moved: 3,
  unjudged: 0,
  lost: { nodes: 1, pods: 4, apps: 2, appsWhole: [] },
};

function row(result: WhatIfResult, figure: string) {
  return changeRows(result).find((found) => found.figure === figure);
}

test("figures stand before and after with their difference, and more pods without a place are worse", () => {
  assert.deepEqual(row(RESULT, "Pods that find no place"), {
    figure: "Pods that find no place",
    before: "0",
    rolledOut: undefined,
    after: "2",
    difference: "+2",
    isWorse: true,
  });
  assert.equal(row(RESULT, "Nodes there are")?.difference, "−1");
  assert.equal(row(RESULT, "Instances")?.difference, "same");
});

test("a cap's difference is against the same rollouts without it", () => {
  const capped = { ...RESULT, rolledOut: { ...STATE, instances: 1 }, after: { ...STATE, instances: 3 } };
  assert.equal(row(capped, "Instances")?.difference, "+2");
});

test("the headline says what goes down, what finds no place, and what the mesh takes then", () => {
  assert.equal(
    whatIfHeadline(RESULT),
    "4 pods of 2 apps would go down at once, and no app whole. 2 pods would find no place. The mesh would need 1.0 GiB less than now.",
  );
  assert.equal(
    whatIfHeadline({ ...RESULT, lost: undefined, unplaced: [], after: STATE }),
    "Every pod would find a place; 3 pods on another node than now.",
  );
});

test("pods that may use none of the nodes that are left are said to be so", () => {
  assert.deepEqual(obstacleTexts(RESULT), [
    "No node is left that the pod's selector, affinity and tolerations allow.",
  ]);
  assert.deepEqual(obstacleTexts({ ...RESULT, unplaced: [] }), []);
});

test("every change ends the question", () => {
  assert.equal(askedText("drain", { count: "1" }), "the emptiest node was drained");
  assert.equal(askedText("multiply", { app: "shop/cart", factor: "2" }), "shop/cart had twice its pods");
  assert.equal(askedText("cap", { cap: "3" }), "at most 3 pods of any app were on a node");
});
