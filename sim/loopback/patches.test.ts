import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { ApiError } from "./api-error.ts";
import { applyJsonPatch } from "./json-patch.ts";
import { equalJson } from "./json.ts";
import type { Json, JsonObject } from "./json.ts";
import { listSchemaOf } from "./list-keys.ts";
import { applyMergePatch } from "./merge-patch.ts";
import { RESOURCE_TYPES } from "./resource-table.ts";
import { applyStrategicMergePatch } from "./strategic-merge-patch.ts";

test("a JSON patch inserts, appends, moves and copies", () => {
  const document = { list: ["a", "c"], from: { x: 1 } };
  const patch = [
    { op: "add", path: "/list/1", value: "b" },
    { op: "add", path: "/list/-", value: "d" },
    { op: "copy", from: "/from", path: "/copy" },
    { op: "move", from: "/from/x", path: "/moved" },
  ];
  assert.deepEqual(applyJsonPatch(document, patch), {
    list: ["a", "b", "c", "d"],
    from: {},
    copy: { x: 1 },
    moved: 1,
  });
  assert.deepEqual(document, { list: ["a", "c"], from: { x: 1 } });
});

test("a JSON patch into nowhere is refused", () => {
  const refused = (operation: JsonObject): void =>
    assert.throws(() => applyJsonPatch({ list: ["a"] }, [operation]), ApiError, JSON.stringify(operation));
  refused({ op: "add", path: "/none/x", value: 1 });
  refused({ op: "add", path: "/list/2", value: 1 });
  refused({ op: "replace", path: "/none", value: 1 });
  refused({ op: "remove", path: "/list/01" });
  refused({ op: "replace", path: "/__proto__/x", value: 1 });
  refused({ op: "add", path: "list", value: 1 });
  refused({ op: "add", path: "/list/0" });
});

const anyJson = fc.jsonValue({ maxDepth: 3 }).map((value) => JSON.parse(JSON.stringify(value)) as Json);

test("replacing the whole document by JSON patch gives the new document, whatever both are", () => {
  fc.assert(
    fc.property(anyJson, anyJson, (before, after) => {
      assert.ok(equalJson(applyJsonPatch(before, [{ op: "replace", path: "", value: after }]), after));
    }),
  );
});

test("a merge patch applied twice is a merge patch applied once", () => {
  fc.assert(
    fc.property(anyJson, anyJson, (target, patch) => {
      const once = applyMergePatch(target, patch);
      assert.ok(equalJson(applyMergePatch(once, patch), once));
    }),
  );
});

const strategic = (target: JsonObject, patch: JsonObject): JsonObject =>
  applyStrategicMergePatch(target, patch, listSchemaOf(RESOURCE_TYPES.pods));

test("a strategic patch replaces lists without a merge key, tolerations among them", () => {
  const target = { tolerations: [{ key: "a" }], args: ["x"] };
  assert.deepEqual(strategic(target, { tolerations: [{ key: "b" }], args: ["y"] }), {
    tolerations: [{ key: "b" }],
    args: ["y"],
  });
});

test("a strategic patch follows its directives", () => {
  const target = { finalizers: ["a", "b"], containers: [{ name: "x" }, { name: "y" }], keep: 1, drop: 2 };
  assert.deepEqual(strategic(target, { "$deleteFromPrimitiveList/finalizers": ["a"] })["finalizers"], ["b"]);
  assert.deepEqual(strategic(target, { finalizers: ["c"] })["finalizers"], ["a", "b", "c"]);
  const order = {
    "$setElementOrder/containers": [{ name: "y" }, { name: "x" }],
    containers: [{ name: "x", image: "i" }],
  };
  assert.deepEqual(strategic(target, order)["containers"], [{ name: "y" }, { name: "x", image: "i" }]);
  assert.deepEqual(Object.keys(strategic(target, { $retainKeys: ["keep"] })), ["keep"]);
  assert.deepEqual(strategic({ a: { b: 1 } }, { a: { $patch: "replace", c: 2 } }), { a: { c: 2 } });
  assert.throws(() => strategic(target, { containers: [{ image: "nameless" }] }), ApiError);
});
