import assert from "node:assert/strict";
import { test } from "node:test";
import { z } from "zod";
import { UsageError } from "#runtime/usage-error.ts";
import { historySettings, historySpan } from "./history-settings.ts";

const schema = z.strictObject(historySettings);

test("a span is said as upstream says it", () => {
  const day = 86_400_000;
  assert.deepEqual(historySpan(schema.parse({})), { lengthMs: 8 * day, resolutionMs: day / 24 });
  const given = schema.parse({ historyLength: "2w", historyResolution: "90m" });
  assert.deepEqual(historySpan(given), { lengthMs: 14 * day, resolutionMs: 5_400_000 });
});

test("a span that Prometheus would not answer, or that makes no sense, is refused by the flags' names", () => {
  for (const [historyLength, historyResolution] of [
    ["8d", "1m"],
    ["1h", "2h"],
  ] as const)
    assert.throws(
      () => historySpan(schema.parse({ historyLength, historyResolution })),
      (error) => error instanceof UsageError && error.message.includes("--history-length"),
    );
  for (const historyLength of ["8", "0d", "1y", "-1d", "1.5h"])
    assert.equal(schema.safeParse({ historyLength }).success, false, historyLength);
});
