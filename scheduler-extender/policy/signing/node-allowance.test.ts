import assert from "node:assert/strict";
import { test } from "node:test";
import type { NodeName } from "#model/brand.ts";
import { NodeAllowance } from "./node-allowance.ts";

const ONE = "node-1" as NodeName;
const OTHER = "node-2" as NodeName;

test("a node is certified for all its apps at once, then once a second, and takes nothing from another", () => {
  const allowance = new NodeAllowance();
  for (let app = 0; app < 256; app++) assert.ok(allowance.take(ONE, 0), String(app));
  assert.ok(!allowance.take(ONE, 0));
  assert.ok(allowance.take(OTHER, 0));
  assert.ok(!allowance.take(ONE, 999));
  assert.ok(allowance.take(ONE, 1_000));
  assert.ok(!allowance.take(ONE, 1_000));
  assert.ok(allowance.take(ONE, 3_600_000));
});
