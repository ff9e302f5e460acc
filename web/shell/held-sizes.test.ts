import assert from "node:assert/strict";
import { test } from "node:test";
import { ComponentAway } from "./components.ts";
import { HeldSizes } from "./held-sizes.ts";

const NEED = { cpuMilli: 100, memoryBytes: 200 };

test("what proxies need is asked for when somebody looks, and again after a while", async () => {
  let nowMs = 0;
  let asked = 0;
  const get = async () => ({ items: [{ node: "n1", plan: "rightSize", required: NEED }], asked: ++asked });
  const held = new HeldSizes({ recommender: { get }, nowMs: () => nowMs });
  assert.equal(held.required.size, 0);
  await held.settle();
  assert.deepEqual([held.required.get("n1"), held.changes, asked], [NEED, 1, 1]);
  nowMs = 60_000;
  assert.equal(held.required.size, 1, "the last answer, until the next is there");
  await held.settle();
  assert.deepEqual([held.changes, asked], [2, 2]);
});

test("nothing is held while the recommender is away, or answers in other terms", async () => {
  const answers = [
    async () => Promise.reject(new ComponentAway("away", "start it")),
    async () => ({ items: [{ node: 1 }] }),
  ];
  for (const get of answers) {
    const held = new HeldSizes({ recommender: { get }, nowMs: () => 0 });
    void held.required;
    await held.settle();
    assert.equal(held.required.size, 0);
  }
});
