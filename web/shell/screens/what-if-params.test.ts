import assert from "node:assert/strict";
import { test } from "node:test";
import { changeOf, whatIfParams } from "./what-if-params.ts";

function fault(params: Readonly<Record<string, string>>): string {
  const { error } = whatIfParams.safeParse(params);
  return error === undefined
    ? ""
    : error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`).join("; ");
}

test("each kind of change is read with what it needs", () => {
  assert.deepEqual(changeOf({ kind: "loseNodes", nodes: "n1,n2" }), {
    kind: "loseNodes",
    nodes: ["n1", "n2"],
  });
  assert.deepEqual(changeOf({ kind: "multiply", app: "shop/cart" }), {
    kind: "multiply",
    app: "shop/cart",
    factor: 2,
  });
  assert.deepEqual(changeOf({ kind: "cap", cap: "3" }), { kind: "cap", podsPerNodeMax: 3, app: undefined });
  assert.equal(changeOf({ kind: "drain" }), undefined);
});

test("a kind alone is a form to fill in", () => {
  assert.equal(fault({}), "");
  assert.equal(fault({ kind: "drain" }), "");
});

test("what cannot be asked is refused with where and how", () => {
  assert.match(fault({ kind: "drain", count: "0" }), /count: is a whole number from 1 to 10000/);
  assert.match(fault({ kind: "drain", count: "1e3" }), /count: is a whole number/);
  assert.match(fault({ kind: "multiply", app: "cart", factor: "2" }), /app: is NAMESPACE\/NAME/);
  assert.match(fault({ kind: "loseZone", count: "3" }), /kind: .*loseZone needs zone/);
  assert.match(fault({ kind: "explode" }), /kind: /);
  assert.match(fault({ colour: "red" }), /colour/);
  assert.match(fault({ kind: "loseNodes", nodes: `${"n,".repeat(3_000)}n` }), /nodes: /);
});
