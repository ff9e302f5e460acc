import assert from "node:assert/strict";
import { test } from "node:test";
import { DEFAULT_APP_COST } from "#model/mesh-profile.ts";
import { isWithin, type Resources } from "#model/resources.ts";
import { SIZING_NAMES, sizingPolicy } from "./run-policies.ts";

const GIB = 1024 ** 3;
const ROOMY: Resources = { cpuMilli: 8_000, memoryBytes: 32 * GIB };
const WANTED: Resources = { cpuMilli: 600, memoryBytes: GIB };
const CONTEXT = {
  proxyBase: { cpuMilli: 100, memoryBytes: 128 * 1024 ** 2 },
  allocatable: ROOMY,
  profiles: { get: () => DEFAULT_APP_COST },
  ahead: () => WANTED,
  template: WANTED,
};

test("pods that come later take their room from a proxy that has grown, but for a template's, which knows of none", () => {
  const left: Resources = { cpuMilli: 150, memoryBytes: GIB / 4 };
  const pods = new Map([["shop/cart", 4]]);
  for (const name of SIZING_NAMES) {
    const policy = sizingPolicy(name, CONTEXT);
    const grown = policy.decide({ node: 1, timeMs: 0, pods, ceiling: ROOMY });
    assert.ok(!isWithin(grown, left), name);
    const crowded = policy.decide({ node: 1, timeMs: 60_000, pods, ceiling: left });
    assert.deepEqual(crowded, name === "template" ? WANTED : left, name);
  }
});
