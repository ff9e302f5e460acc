import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { ApiError } from "./api-error.ts";
import { changedFields, differenceOf, fieldsOf, pathsOf, unionOf } from "./field-tree.ts";
import { objectOf } from "./json.ts";
import type { JsonObject } from "./json.ts";
import { trackUpdate } from "./managed-fields.ts";
import { RESOURCE_TYPES } from "./resource-table.ts";
import { applyConfiguration } from "./server-side-apply.ts";

const type = RESOURCE_TYPES.pods;

function apply(manager: string, live: JsonObject, configuration: JsonObject, isForced = false): JsonObject {
  const writer = { manager, operation: "Apply", subresource: "", nowMs: 0 } as const;
  return applyConfiguration(type, { live, configuration, writer, isForced });
}

const withSpec = (spec: JsonObject): JsonObject => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "p" },
  spec,
});

test("fields are named as managedFields names them, list items by their keys", () => {
  const pod = withSpec({
    nodeSelector: { a: "b" },
    containers: [{ name: "c", ports: [{ containerPort: 80 }], args: ["x"] }],
    tolerations: [{ key: "t" }],
  });
  assert.deepEqual(fieldsOf(type, pod), {
    "f:spec": {
      "f:nodeSelector": {},
      "f:containers": {
        'k:{"name":"c"}': {
          ".": {},
          "f:name": {},
          "f:ports": { 'k:{"containerPort":80,"protocol":"TCP"}': { ".": {}, "f:containerPort": {} } },
          "f:args": {},
        },
      },
      "f:tolerations": {},
    },
  });
});

test("an applied item goes when its manager drops it, unless another owns part of it", () => {
  const two = withSpec({
    containers: [
      { name: "a", image: "1" },
      { name: "b", image: "1" },
    ],
  });
  const one = withSpec({ containers: [{ name: "a", image: "1" }] });
  const live = apply("m", {}, two);
  assert.deepEqual(objectOf(apply("m", live, one)["spec"])["containers"], [{ name: "a", image: "1" }]);
  const shared = apply("n", live, withSpec({ containers: [{ name: "b", tty: true }] }));
  const left = objectOf(apply("m", shared, one)["spec"])["containers"];
  assert.deepEqual(left, [
    { name: "a", image: "1" },
    { name: "b", tty: true },
  ]);
});

test("a conflict names the field inside its item", () => {
  const live = apply("m", {}, withSpec({ containers: [{ name: "a", image: "1" }] }));
  assert.throws(
    () => apply("n", live, withSpec({ containers: [{ name: "a", image: "2" }] })),
    (error) =>
      error instanceof ApiError &&
      error.code === 409 &&
      error.message.endsWith('conflict with "m": .spec.containers[name="a"].image'),
  );
});

test("an atomic list is owned and replaced as a whole", () => {
  const live = apply("m", {}, withSpec({ tolerations: [{ key: "a" }] }));
  assert.throws(() => apply("n", live, withSpec({ tolerations: [{ key: "b" }] })), ApiError);
  const forced = apply("n", live, withSpec({ tolerations: [{ key: "b" }] }), true);
  assert.deepEqual(objectOf(forced["spec"])["tolerations"], [{ key: "b" }]);
});

test("an applier keeps out of the status when it applies the object itself", () => {
  const applied = apply("m", {}, { ...withSpec({ priority: 1 }), status: { phase: "Running" } });
  assert.equal(applied["status"], undefined);
});

test("more than ten updaters are taken together", () => {
  let live: JsonObject = withSpec({});
  for (let n = 0; n < 15; n++) {
    const after = { ...live, spec: { ...objectOf(live["spec"]), [`field${n}`]: n } };
    const writer = { manager: `m${n}`, operation: "Update", subresource: "", nowMs: n * 1000 } as const;
    const managedFields = trackUpdate(type, { before: live, after, writer });
    live = { ...after, metadata: { name: "p", managedFields } };
  }
  const entries = objectOf(live["metadata"])["managedFields"] as readonly JsonObject[];
  assert.equal(entries.length, 10);
  assert.ok(entries.some((entry) => entry["manager"] === "ancient-changes"));
});

const aSpec = fc.dictionary(
  fc.constantFrom("a", "b", "c"),
  fc.oneof(
    fc.integer(),
    fc.dictionary(fc.constantFrom("x", "y"), fc.integer(), { minKeys: 1, noNullPrototype: true }),
  ),
  { noNullPrototype: true },
);

test("what one applies and lets go again leaves the object as it was, whatever was there", () => {
  fc.assert(
    fc.property(aSpec, aSpec, (first, second) => {
      const live = apply("base", {}, withSpec(first));
      // Where both give a field another shape there is nothing to go back to.
      const isSameShape = Object.entries(second).every(
        ([key, value]) => first[key] === undefined || typeof first[key] === typeof value,
      );
      fc.pre(isSameShape);
      const added = Object.fromEntries(
        Object.entries(second).map(([key, value]) => {
          const present = first[key];
          return [
            key,
            present !== undefined && typeof value === "object"
              ? { ...value, ...(present as object) }
              : (present ?? value),
          ];
        }),
      );
      const both = apply("guest", live, withSpec(added));
      const gone = apply("guest", both, withSpec({}));
      assert.deepEqual(gone["spec"], live["spec"]);
    }),
  );
});

test("the union of a change and what it leaves of the old fields is all there is", () => {
  fc.assert(
    fc.property(aSpec, aSpec, (before, after) => {
      // A field that both have: an emptied map has nothing left that a path could name.
      const old = withSpec({ ...before, z: 0 });
      const next = withSpec({ ...after, z: 0 });
      const touched = unionOf(changedFields(type, old, next), changedFields(type, next, old));
      const kept = differenceOf(fieldsOf(type, old), touched);
      const all = unionOf(kept, changedFields(type, old, next));
      assert.deepEqual(pathsOf(all).sort(), pathsOf(fieldsOf(type, next)).sort());
    }),
  );
});
