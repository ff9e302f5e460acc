import assert from "node:assert/strict";
import { test } from "node:test";
import { namedNodes, preferenceScorer, requiredMatcher } from "./node-affinity.ts";
import type { NodeSelectorRequirement } from "./node-affinity.ts";

const NODE = { name: "n1", labels: { zone: "a", cores: "16", empty: "" } };

function matches(requirement: NodeSelectorRequirement): boolean | undefined {
  return requiredMatcher({ requiredTerms: [{ matchExpressions: [requirement] }] })?.(NODE);
}

const EXPRESSIONS: readonly (readonly [NodeSelectorRequirement, boolean])[] = [
  [{ key: "zone", operator: "In", values: ["a", "b"] }, true],
  [{ key: "zone", operator: "In", values: ["b"] }, false],
  [{ key: "zone", operator: "In", values: [] }, false],
  [{ key: "other", operator: "In", values: ["a"] }, false],
  [{ key: "empty", operator: "In", values: [""] }, true],
  [{ key: "other", operator: "In", values: [""] }, false],
  [{ key: "zone", operator: "NotIn", values: ["b"] }, true],
  [{ key: "zone", operator: "NotIn", values: ["a"] }, false],
  [{ key: "other", operator: "NotIn", values: ["a"] }, true],
  [{ key: "zone", operator: "NotIn" }, false],
  [{ key: "empty", operator: "Exists" }, true],
  [{ key: "other", operator: "Exists" }, false],
  [{ key: "zone", operator: "Exists", values: ["a"] }, false],
  [{ key: "other", operator: "DoesNotExist" }, true],
  [{ key: "empty", operator: "DoesNotExist" }, false],
  [{ key: "cores", operator: "Gt", values: ["15"] }, true],
  [{ key: "cores", operator: "Gt", values: ["16"] }, false],
  [{ key: "cores", operator: "Lt", values: ["17"] }, true],
  [{ key: "cores", operator: "Lt", values: ["-1"] }, false],
  [{ key: "cores", operator: "Gt", values: ["1.5"] }, false],
  [{ key: "cores", operator: "Gt", values: ["1", "2"] }, false],
  [{ key: "zone", operator: "Gt", values: ["1"] }, false],
  [{ key: "other", operator: "Lt", values: ["1"] }, false],
  [{ key: "cores", operator: "Lt", values: ["9223372036854775807"] }, true],
  [{ key: "cores", operator: "Lt", values: ["9223372036854775808"] }, false],
  [{ key: "zone", operator: "Like", values: ["a"] }, false],
];

for (const [requirement, expected] of EXPRESSIONS) {
  const { key, operator, values = [] } = requirement;
  test(`a node ${expected ? "matches" : "does not match"} ${key} ${operator} [${values.join()}]`, () => {
    assert.equal(matches(requirement), expected);
  });
}

test("terms are alternatives, the requirements of a term all have to hold", () => {
  const a = { key: "zone", operator: "In", values: ["a"] };
  const b = { key: "zone", operator: "In", values: ["b"] };
  assert.equal(requiredMatcher({ requiredTerms: [{ matchExpressions: [a, b] }] })?.(NODE), false);
  assert.equal(
    requiredMatcher({ requiredTerms: [{ matchExpressions: [b] }, { matchExpressions: [a] }] })?.(NODE),
    true,
  );
});

test("no terms, and terms without requirements, match no node", () => {
  assert.equal(requiredMatcher({ requiredTerms: [] })?.(NODE), false);
  assert.equal(requiredMatcher({ requiredTerms: [{}] })?.(NODE), false);
  assert.equal(requiredMatcher({}), undefined);
});

test("a node selector has to hold besides the terms", () => {
  const requiredTerms = [{ matchExpressions: [{ key: "cores", operator: "Exists" }] }];
  assert.equal(requiredMatcher({ nodeSelector: { zone: "a" }, requiredTerms })?.(NODE), true);
  assert.equal(requiredMatcher({ nodeSelector: { zone: "b" }, requiredTerms })?.(NODE), false);
  assert.equal(requiredMatcher({ nodeSelector: { zone: "a" } })?.(NODE), true);
});

test("a field names the node, as a DaemonSet's pod has it", () => {
  const byName = (operator: string, ...values: string[]) =>
    requiredMatcher({ requiredTerms: [{ matchFields: [{ key: "metadata.name", operator, values }] }] })?.(
      NODE,
    );
  assert.equal(byName("In", "n1"), true);
  assert.equal(byName("In", "n2"), false);
  assert.equal(byName("NotIn", "n2"), true);
  assert.equal(byName("In", "n1", "n2"), false);
  assert.equal(byName("Exists"), false);
});

test("only nodes that every term names have to be looked at", () => {
  const field = (...values: string[]) => ({ key: "metadata.name", operator: "In", values });
  const names = (...terms: (readonly NodeSelectorRequirement[])[]) =>
    namedNodes({ requiredTerms: terms.map((matchFields) => ({ matchFields })) });
  assert.deepEqual(names([field("n1")], [field("n2")]), new Set(["n1", "n2"]));
  assert.deepEqual(names([field("n1", "n2"), field("n2")]), new Set(["n2"]));
  assert.equal(names([field("n1")], []), undefined);
  assert.equal(namedNodes({}), undefined);
});

test("preferred terms add up their weights where they match", () => {
  const preference = (values: string[]) => ({ matchExpressions: [{ key: "zone", operator: "In", values }] });
  const score = preferenceScorer([
    { weight: 5, preference: preference(["a"]) },
    { weight: 7, preference: preference(["a", "b"]) },
    { weight: 90, preference: preference(["b"]) },
    { weight: 0, preference: preference(["a"]) },
    { weight: 3, preference: {} },
  ]);
  assert.equal(score?.(NODE), 12);
  assert.equal(preferenceScorer(undefined), undefined);
});
