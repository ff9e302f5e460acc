import assert from "node:assert/strict";
import { test } from "node:test";
import { baseObject, type Manifest } from "./manifest-files.ts";
import type { Workload } from "./workload.ts";

test("a drain takes one replica of the extender at a time, and is held up neither by a single one nor by an unready one", () => {
  const extender = baseObject<Workload>("Deployment", "berth-scheduler-extender");
  const { spec } = baseObject<Manifest & { spec: object }>("PodDisruptionBudget", extender.metadata.name);
  assert.deepEqual(spec, {
    maxUnavailable: 1,
    selector: extender.spec.selector,
    unhealthyPodEvictionPolicy: "AlwaysAllow",
  });
});
