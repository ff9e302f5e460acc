import assert from "node:assert/strict";
import { test } from "node:test";
import {
  array,
  assert as holds,
  constant,
  constantFrom,
  dictionary,
  integer,
  letrec,
  oneof,
  property,
} from "fast-check";
import { applyPatch, patchBetween } from "./patch.ts";

type View = Parameters<typeof applyPatch>[0];

// Few keys, so that two views have some in common.
const key = constantFrom("a", "b", "c", "__proto__", "toString");
const { view } = letrec<{ view: View; value: View[string] }>((tie) => ({
  view: dictionary(key, tie("value"), { maxKeys: 4, noNullPrototype: true }),
  value: oneof(
    { maxDepth: 3 },
    integer({ min: 0, max: 3 }),
    constant(null),
    array(integer({ min: 0, max: 2 }), { maxLength: 3 }),
    tie("view"),
  ),
}));

test("a view and the patch to another one give that other one, over the wire", () => {
  holds(
    property(view, view, (before, after) => {
      const patch = patchBetween(before, after);
      const made =
        patch === undefined ? before : applyPatch(before, JSON.parse(JSON.stringify(patch)) as typeof patch);
      assert.deepEqual(made, after);
    }),
  );
});

test("there is a patch exactly if the views differ", () => {
  holds(
    property(view, view, (before, after) => {
      const isEqual = JSON.stringify(sorted(before)) === JSON.stringify(sorted(after));
      assert.equal(patchBetween(before, after) === undefined, isEqual);
    }),
  );
});

test("of 5,000 rows the one that changed travels, and the others stay the same objects", () => {
  const nodes = Object.fromEntries(
    Array.from({ length: 5_000 }, (_, index) => [`node-${index}`, [index, 0, 0]]),
  );
  const before = { nodes, zones: { 0: "a" } };
  const after = { nodes: { ...nodes, "node-7": [7, 1, 0] }, zones: { 0: "a" } };
  const patch = patchBetween(before, after);
  assert.deepEqual(patch, { in: { nodes: { set: { "node-7": [7, 1, 0] } } } });
  const made = applyPatch(before, patch ?? {}) as typeof before;
  assert.equal(made.nodes["node-8"], before.nodes["node-8"]);
  assert.equal(made.zones, before.zones);
});

test("what is undefined is absent, as in JSON", () => {
  assert.equal(patchBetween({ a: undefined }, {}), undefined);
  assert.deepEqual(patchBetween({ a: 1 }, { a: undefined }), { cut: ["a"] });
});

function sorted(value: View[string]): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  const entries = Object.entries(value).map(([name, inner]) => [name, sorted(inner)] as const);
  return { object: entries.toSorted(([a], [b]) => (a < b ? -1 : 1)) };
}
