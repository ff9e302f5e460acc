import assert from "node:assert/strict";
import { test } from "node:test";
import { labelMatchers } from "./label-matchers.ts";

test("each kind of requirement has its matcher", () => {
  assert.deepEqual(
    labelMatchers([
      { key: "app.kubernetes.io/name", operator: "In", values: ["a.b"] },
      { key: "tier", operator: "In", values: ["web", "cache"] },
      { key: "old", operator: "NotIn", values: ["yes"] },
      { key: "kept", operator: "Exists", values: [] },
      { key: "dropped", operator: "DoesNotExist", values: [] },
    ]),
    [
      String.raw`label_app_kubernetes_io_name=~"a\\.b"`,
      'label_tier=~"web|cache"',
      'label_old!~"yes"',
      'label_kept!=""',
      'label_dropped=""',
    ],
  );
});
