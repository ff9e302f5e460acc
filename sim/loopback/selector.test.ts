import assert from "node:assert/strict";
import { test } from "node:test";
import { ApiError } from "./api-error.ts";
import { matchesLabelSelector, parseLabelSelector, parseSelectors } from "./selector.ts";
import { RESOURCE_TYPES } from "./resource-table.ts";
import type { KubeObject } from "./kube-object.ts";

const matches = (selector: string, labels: Readonly<Record<string, string>>): boolean =>
  parseLabelSelector(selector).every((requirement) => requirement(labels));

test("an inequality and notin match an absent label, equality and in do not", () => {
  assert.ok(matches("a!=1", {}));
  assert.ok(matches("a notin (1,2)", {}));
  assert.ok(!matches("a=1", {}));
  assert.ok(!matches("a in (1,2)", {}));
});

test("commas inside parentheses belong to the set", () => {
  assert.ok(matches("a in (x, y),b,!c", { a: "y", b: "" }));
  assert.ok(!matches("a in (x, y),b,!c", { a: "y", b: "", c: "" }));
});

test("greater and less compare integers", () => {
  assert.ok(matches("cores>4", { cores: "8" }));
  assert.ok(!matches("cores>4", { cores: "many" }));
  assert.ok(!matches("cores<4", {}));
  assert.throws(() => parseLabelSelector("cores>many"), ApiError);
});

test("text that is no selector is refused", () => {
  for (const text of ["a b", "a in x", "=x", "a=(1)"])
    assert.throws(() => parseLabelSelector(text), ApiError, text);
});

test("a label selector object combines labels and expressions", () => {
  const selector = {
    matchLabels: { a: "1" },
    matchExpressions: [
      { key: "b", operator: "In", values: ["2", "3"] },
      { key: "c", operator: "DoesNotExist" },
      { key: "d", operator: "NotIn", values: ["4"] },
    ],
  };
  assert.ok(matchesLabelSelector(selector, { a: "1", b: "3" }));
  assert.ok(!matchesLabelSelector(selector, { a: "1", b: "3", c: "" }));
  assert.ok(!matchesLabelSelector(selector, { a: "1", b: "3", d: "4" }));
  assert.ok(matchesLabelSelector(undefined, {}));
});

test("an absent field selects as empty, and a field may be excluded", () => {
  const pod = { metadata: { name: "p" }, spec: {}, status: { phase: "Pending" } } as unknown as KubeObject;
  const selects = (fieldSelector: string): boolean | undefined =>
    parseSelectors(RESOURCE_TYPES.pods, new URLSearchParams({ fieldSelector }))?.(pod);
  assert.equal(selects("spec.nodeName="), true);
  assert.equal(selects("spec.nodeName!=,status.phase=Pending"), false);
  assert.equal(selects("status.phase!=Running"), true);
});
