import assert from "node:assert/strict";
import { test } from "node:test";
import { extenderFeatures, type FeatureSettings } from "./extender-features.ts";

const DEFAULTS: FeatureSettings = { mode: "score", preStopSeconds: 5, withoutLease: false };

function names(settings: Partial<FeatureSettings>): readonly string[] {
  const { wanted, needed } = extenderFeatures({ ...DEFAULTS, ...settings });
  return [...wanted, ...needed.map(({ feature }) => `${feature}!`)];
}

test("what the extender asks of Kubernetes follows from what it is asked to do", () => {
  assert.deepEqual(names({}), ["pause!"]);
  assert.deepEqual(names({ preStopSeconds: 0 }), []);
  assert.deepEqual(names({ withoutLease: true }), []);
  assert.deepEqual(names({ mode: "nominate" }), ["nominations", "gates!", "pause!"]);
  assert.deepEqual(names({ meshAuthoritySecret: "berth-mesh-authority" }), ["tokens", "pause!"]);
});
