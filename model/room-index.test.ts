import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { anApp } from "#test/builders/a-pod.ts";
import type { NodeName, PodUid } from "./brand.ts";
import { NodeLedger } from "./node-ledger.ts";
import { RoomIndex } from "./room-index.ts";
import type { RoomNeed } from "./room-need.ts";
import { noResources, type Resources } from "./resources.ts";

const NEED: RoomNeed = {
  request: { cpuMilli: 100, memoryBytes: 400 },
  grownMin: noResources,
  grownMax: noResources,
  isMesh: false,
};

test("nodes that are alike come up together, in order of their names, until one of them changes", () => {
  const index = new RoomIndex(() => true);
  const [b, c, a] = ["b", "c", "a"].map((name) => aNodeWith(name, noResources)) as [
    NodeLedger,
    NodeLedger,
    NodeLedger,
  ];
  for (const node of [b, c, a]) index.touch(node);
  assert.deepEqual(namesFrom(index), [["a", "b", "c"]]);
  occupy(b, { cpuMilli: 200, memoryBytes: 0 });
  index.touch(b);
  assert.deepEqual(namesFrom(index), [["b"], ["a", "c"]]);
  b.remove("filling" as PodUid, undefined);
  index.touch(b);
  assert.deepEqual(namesFrom(index), [["a", "b", "c"]]);
});

test("a node with room held for siblings is like no other", () => {
  const index = new RoomIndex(() => true);
  const nodes = ["a", "b"].map((name) => aNodeWith(name, noResources));
  const [held] = nodes as [NodeLedger];
  const app = anApp("cart");
  held.holds.set(app, { app, request: noResources, pods: 1, expiresAtMs: 9 });
  for (const node of nodes) index.touch(node);
  assert.equal(namesFrom(index).length, 2);
  held.holds.clear();
  index.touch(held);
  assert.deepEqual(namesFrom(index), [["a", "b"]]);
});

test("what would be left with more than is asked for is passed by, and what is too full", () => {
  const index = new RoomIndex(() => true);
  // Of 1,000 each: left with 1,200, 200 and too little of 2,000 after the question.
  for (const [name, cpuMilli] of [
    ["wide", 300],
    ["tight", 800],
    ["full", 901],
  ] as const)
    index.touch(aNodeWith(name, { cpuMilli, memoryBytes: cpuMilli / 2 }));
  assert.deepEqual(namesFrom(index), [["tight"], ["wide"]]);
  assert.deepEqual(namesFrom(index, 0.7), [["tight"]]);
});

test("after any changes every node that takes a group is found, and those left with too much are not", () => {
  const amount = fc.constantFrom(0, 100, 250, 251, 900);
  const change = fc.tuple(fc.nat(11), fc.record({ cpuMilli: amount, memoryBytes: amount }), fc.boolean());
  fc.assert(
    fc.property(fc.array(fc.array(change), { minLength: 1 }), amount, (rounds, asked) => {
      const nodes = Array.from({ length: 12 }, (_, number) => aNodeWith(`n${number}`, noResources));
      const gone = new Set<NodeLedger>();
      const index = new RoomIndex((node) => !gone.has(node));
      for (const node of nodes) index.touch(node);
      for (const changes of rounds) {
        for (const [number, filling, isGone] of changes) {
          const node = nodes[number] as NodeLedger;
          if (isGone) gone.add(node);
          else gone.delete(node);
          node.remove("filling" as PodUid, undefined);
          occupy(node, filling);
          index.touch(node);
        }
        const request = { cpuMilli: asked, memoryBytes: asked };
        const left = ({ requested }: NodeLedger): readonly [number, number] => [
          1_000 - requested.cpuMilli - asked,
          1_000 - requested.memoryBytes - asked,
        ];
        const taking = nodes.filter((node) => !gone.has(node) && Math.min(...left(node)) >= 0);
        const found = namesFrom(index, Infinity, { ...NEED, request }).flat();
        assert.deepEqual(found.toSorted(), taking.map(({ name }) => name).toSorted());
        const few = namesFrom(index, 0.5, { ...NEED, request }).flat();
        const expected = taking.filter((node) => left(node)[0] + left(node)[1] <= 500);
        // The proxy's roundings are allowed for: one unit of each resource.
        const certain = taking.filter((node) => left(node)[0] + left(node)[1] <= 502);
        assert.ok(
          expected.every(({ name }) => few.includes(name)) && few.length <= certain.length,
          few.join(" "),
        );
      }
    }),
    { numRuns: 200 },
  );
});

function aNodeWith(name: string, filling: Resources): NodeLedger {
  const node = new NodeLedger(name as NodeName);
  node.allocatable = { cpuMilli: 1_000, memoryBytes: 1_000 };
  occupy(node, filling);
  return node;
}

function occupy(node: NodeLedger, request: Resources): void {
  node.remove("filling" as PodUid, undefined);
  node.add({ uid: "filling" as PodUid, app: undefined, request }, undefined);
}

function namesFrom(index: RoomIndex, leftShareMax = Infinity, need = NEED): readonly string[][] {
  const search = index.tightestFirst(need, { mayLackSlot: true });
  const names: string[][] = [];
  for (let nodes = search.next(leftShareMax); nodes !== undefined; nodes = search.next(leftShareMax))
    names.push(nodes.map(({ name }) => name));
  return names;
}
