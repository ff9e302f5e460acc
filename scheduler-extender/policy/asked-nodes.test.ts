import assert from "node:assert/strict";
import { test } from "node:test";
import type { NodeName } from "#model/brand.ts";
import { NodeLedger } from "#model/node-ledger.ts";
import { AskedNodes } from "./asked-nodes.ts";

test("every answer is remembered, of few nodes as of many, and none is made up", () => {
  const nodes = Array.from({ length: 50 }, (_, index) => new NodeLedger(`node-${index}` as NodeName));
  const asked = new AskedNodes<number>();
  for (const [index, node] of nodes.entries()) {
    assert.equal(asked.answerOf(node), undefined);
    asked.note(node, index);
  }
  for (const [index, node] of nodes.entries()) assert.equal(asked.answerOf(node), index);
  assert.equal(asked.answerOf(new NodeLedger("node-1" as NodeName)), undefined);
});
