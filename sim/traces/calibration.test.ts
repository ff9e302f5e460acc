import assert from "node:assert/strict";
import { test } from "node:test";
import { calibration } from "./calibration.ts";
import { generateTrace } from "./generator.ts";
import type { TracePod } from "./trace.ts";

const GIB = 1024 ** 3;
const SPAN = 10 * 24 * 3600;

function figure(pods: readonly TracePod[], name: string, podSize = 1): number | undefined {
  return calibration(pods, { spanSeconds: SPAN, podSize }).find((row) => row.figure === name)?.generated;
}

function aPod(id: string, over: Partial<TracePod> = {}): TracePod {
  return {
    id,
    app: id.slice(0, 1),
    request: { cpuMilli: 1000, memoryBytes: 2 * GIB },
    createSeconds: 0,
    deleteSeconds: 600,
    ...over,
  };
}

test("shares are of the pods of which something is known", () => {
  const pods = [
    aPod("a-run1-1"),
    aPod("a-run1-2", { deleteSeconds: 1800 }),
    // Was there for ten days and may stay: it lived longer than an hour, and nobody knows how long.
    aPod("b-v1-1", { deleteSeconds: undefined }),
    // Came half an hour before the end: nothing is known of an hour.
    aPod("c-v1-1", { createSeconds: SPAN - 1800, deleteSeconds: undefined }),
  ];
  assert.equal(figure(pods, "lives of at most 15 minutes"), 1 / 4);
  assert.equal(figure(pods, "lives of at most an hour"), 2 / 3);
  assert.equal(figure(pods, "deployments of one pod"), 2 / 3);
  assert.equal(figure(pods, "pods per app, most"), 2);
  assert.equal(figure(pods, "1 core"), 1);
  assert.equal(figure(pods, "4 cores", 0.25), 1);
  assert.equal(figure([], "1 core"), undefined);
});

test("a large generated workload is near the figures that its parts are drawn from", () => {
  const pods = generateTrace({ seed: 5, pods: 40_000, spanSeconds: SPAN });
  const near: readonly (readonly [string, number, number])[] = [
    ["1 or 2 cores", 0.8, 0.06],
    // The two published sources differ: those who measured cores as well count 0.81.
    ["less than 4 GiB", 0.75, 0.12],
    // The pods of a batch share a life, so that few large batches move these.
    ["lives of at most 15 minutes", 0.34, 0.12],
    ["lives of at most an hour", 0.69, 0.12],
    ["lives of at most a day", 0.93, 0.04],
    ["deployments of at most 5", 0.8, 0.06],
  ];
  for (const [name, published, tolerance] of near) {
    const generated = figure(pods, name) ?? NaN;
    assert.ok(Math.abs(generated - published) <= tolerance, `${name}: ${generated}`);
  }
});
