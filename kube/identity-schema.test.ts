import assert from "node:assert/strict";
import { test } from "node:test";
import type { CallerRules } from "#model/callers.ts";
import { decodeMeshProfile } from "./mesh-profile-schema.ts";

function callersOf(identity: object | undefined): CallerRules | undefined {
  const spec = identity === undefined ? {} : { identity };
  return decodeMeshProfile({ metadata: { name: "cart", namespace: "shop" }, spec }).callers;
}

test("a profile without a word on callers lets anybody in", () => {
  assert.equal(callersOf(undefined), undefined);
  assert.deepEqual(callersOf({}), { withoutIdentity: "allow" });
});

test("callers that are named are let in, and whoever shows no identity is not", () => {
  assert.deepEqual(callersOf({ allowedCallers: ["shop/web", "ops/*", "*/*"] }), {
    allowed: [{ kind: "app", app: "shop/web" }, { kind: "namespace", namespace: "ops" }, { kind: "any" }],
    withoutIdentity: "refuse",
  });
  assert.deepEqual(callersOf({ allowedCallers: [] }), { allowed: [], withoutIdentity: "refuse" });
});

test("every app may be let in, and nobody without an identity", () => {
  assert.deepEqual(callersOf({ callersWithoutIdentity: "Refuse" }), { withoutIdentity: "refuse" });
});
