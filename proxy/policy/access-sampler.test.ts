import assert from "node:assert/strict";
import { test } from "node:test";

import { AccessSampler } from "./access-sampler.ts";
import type { EndedRequest, Sampling } from "./access-sampler.ts";

function sampler(ratio: number | undefined): (request?: Partial<EndedRequest>) => Sampling {
  const made = new AccessSampler();
  made.change(ratio);
  return (request = {}) =>
    made.take({ isError: false, isTraceSampled: false, chance: 0.5, nowMs: 0, ...request });
}

test("without a log there is no line, whatever happened", () => {
  assert.equal(sampler(undefined)({ isError: true, isTraceSampled: true, chance: 0 }), "skipped");
});

test("of requests that went well a share is logged; errors and sampled traces always are", () => {
  const take = sampler(0.25);
  assert.deepEqual(
    [0, 0.24, 0.25, 0.9].map((chance) => take({ chance })),
    ["logged", "logged", "skipped", "skipped"],
  );
  assert.equal(take({ isError: true, chance: 0.9 }), "logged");
  assert.equal(take({ isTraceSampled: true, chance: 0.9 }), "logged");
  assert.equal(sampler(0)({ chance: 0 }), "skipped");
  assert.equal(sampler(1)({ chance: 0.999 }), "logged");
});

test("a flood of one kind is bounded by the second and leaves the other kind its lines", () => {
  const take = sampler(1);
  const count = (request: Partial<EndedRequest>, wanted: Sampling): number =>
    Array.from({ length: 1_000 }, () => take(request)).filter((taken) => taken === wanted).length;
  assert.equal(count({ isError: true, nowMs: 5_000 }, "logged"), 100);
  assert.equal(count({ nowMs: 5_500 }, "logged"), 200);
  assert.equal(count({ nowMs: 5_999 }, "left-out"), 1_000);
  assert.equal(count({ isError: true, nowMs: 6_000 }, "left-out"), 900);
});
