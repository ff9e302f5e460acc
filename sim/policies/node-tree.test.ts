import assert from "node:assert/strict";
import { test } from "node:test";
import { ZONE_LABEL, inNodeTreeOrder } from "./node-tree.ts";

function nodes(...zones: string[]): { readonly name: string; readonly labels: Record<string, string> }[] {
  return zones.map((zone, index) => ({ name: `${zone}${index}`, labels: { [ZONE_LABEL]: zone } }));
}

test("nodes are gone through one of each zone in turn", () => {
  const ordered = inNodeTreeOrder(nodes("a", "a", "a", "b", "c", "c"));
  assert.deepEqual(
    ordered.map(({ name }) => name),
    ["a0", "b3", "c4", "a1", "c5", "a2"],
  );
});

test("without zones, or with one, nodes keep their order", () => {
  assert.deepEqual(
    inNodeTreeOrder(nodes("a", "a", "a")).map(({ name }) => name),
    ["a0", "a1", "a2"],
  );
  assert.deepEqual(inNodeTreeOrder([]), []);
});
