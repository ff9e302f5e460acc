import assert from "node:assert/strict";
import { test } from "node:test";
import {
  featureStage,
  KUBERNETES_FEATURES,
  type KubernetesFeatureName,
  missingFeatures,
  MINOR_NEWEST,
  MINOR_OLDEST,
} from "./kubernetes-features.ts";

const ALL = Object.keys(KUBERNETES_FEATURES) as readonly KubernetesFeatureName[];

test("a feature works from its beta on, and nothing is missing that is not wanted", () => {
  assert.deepEqual(missingFeatures({ major: 1, minor: 32 }, ALL), ["resize", "nominations"]);
  assert.deepEqual(missingFeatures({ major: 1, minor: 33 }, ALL), ["nominations"]);
  assert.deepEqual(missingFeatures({ major: 1, minor: 35 }, ALL), []);
  assert.deepEqual(missingFeatures({ major: 1, minor: 29 }, ["pause"]), ["pause"]);
  assert.deepEqual(missingFeatures({ major: 1, minor: 29 }, ["gates"]), []);
  assert.deepEqual(missingFeatures({ major: 2, minor: 0 }, ALL), []);
});

test("features come and stay: missing, then beta, then stable", () => {
  const order = ["missing", "beta", "stable"];
  for (const name of ALL) {
    const stages = Array.from({ length: 20 }, (_, index) => order.indexOf(featureStage(name, 25 + index)));
    assert.deepEqual(
      stages,
      stages.toSorted((a, b) => a - b),
      name,
    );
  }
  assert.equal(featureStage("resize", MINOR_OLDEST), "beta");
  assert.equal(featureStage("resize", MINOR_NEWEST), "stable");
});
