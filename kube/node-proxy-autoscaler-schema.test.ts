import assert from "node:assert/strict";
import { test } from "node:test";
import { anApp } from "#test/builders/a-pod.ts";
import { MIB } from "#test/builders/sizes.ts";
import { decodeNodeProxyAutoscaler } from "./node-proxy-autoscaler-schema.ts";

const metadata = { name: "proxies", namespace: "berth-system", uid: "uid-1", generation: 2 };
const targetRef = { apiVersion: "apps/v1", kind: "DaemonSet", name: "berth-proxy" };

test("an autoscaler that names nothing but its target follows it in place, by the recommender's flags", () => {
  const { status, caps, ...rest } = decodeNodeProxyAutoscaler({ metadata, spec: { targetRef } });
  assert.deepEqual(rest, {
    ...metadata,
    target: "berth-proxy",
    updateMode: "InPlace",
    container: undefined,
    min: {},
    max: {},
    headroom: {},
    shrinkDelayMs: undefined,
    headroomDelayMs: undefined,
  });
  assert.equal(caps.size, 0);
  assert.deepEqual(status, {});
});

test("bounds, headroom, cooldowns and caps are read", () => {
  const spec = {
    targetRef,
    updateMode: "Initial",
    min: { cpu: "100m" },
    max: { cpu: "2", memory: "2Gi" },
    headroom: { ratio: 0.2, memory: "100Mi" },
    cooldowns: { shrinkSeconds: 600 },
    caps: [{ app: "shop/cart", cpu: "500m" }],
  };
  const read = decodeNodeProxyAutoscaler({ metadata, spec });
  assert.deepEqual(read.min, { cpuMilli: 100 });
  assert.deepEqual(read.max, { cpuMilli: 2_000, memoryBytes: 2_048 * MIB });
  assert.deepEqual(read.headroom, { ratio: 0.2, memoryBytes: 100 * MIB });
  assert.equal(read.shrinkDelayMs, 600_000);
  assert.deepEqual(read.caps.get(anApp("cart")), { cpuMilli: 500 });
});

const WRONG: readonly (readonly [string, object, RegExp])[] = [
  ["no target", {}, /spec\.targetRef/],
  ["a target that is no DaemonSet", { targetRef: { kind: "Deployment", name: "x" } }, /targetRef\.kind/],
  ["an unknown mode", { targetRef, updateMode: "Recreate" }, /updateMode/],
  ["a misspelt field", { targetRef, cooldown: {} }, /cooldown/],
  ["a cap of something that is no app", { targetRef, caps: [{ app: "cart" }] }, /caps\[0\]\.app/],
  ["a cooldown of more than a day", { targetRef, cooldowns: { shrinkSeconds: 90_000 } }, /shrinkSeconds/],
];

for (const [what, spec, message] of WRONG) {
  test(`${what} is refused, and the error says where`, () => {
    assert.throws(() => decodeNodeProxyAutoscaler({ metadata, spec }), { name: "DecodeError", message });
  });
}
