import assert from "node:assert/strict";
import { test } from "node:test";
import type { FleetShape } from "../engine/fleet.ts";
import type { TracePod } from "../traces/trace.ts";
import { tooSmallFleet } from "./too-small-fleet.ts";

const GIB = 1024 ** 3;

function aPod(id: string, createSeconds: number, deleteSeconds?: number): TracePod {
  const request = { cpuMilli: 1_000, memoryBytes: GIB };
  return { id, app: "a", request, createSeconds, deleteSeconds };
}

function nodes(count: number): FleetShape {
  const allocatable = { cpuMilli: 1_000, memoryBytes: 4 * GIB };
  return {
    kind: "fixed",
    nodes: Array.from({ length: count }, (_, index) => ({ name: `n${index}`, allocatable })),
  };
}

test("what counts is what pods ask for at once, not one after the other", () => {
  const inTurn = [aPod("a", 0, 10), aPod("b", 10, 20), aPod("c", 20)];
  assert.equal(tooSmallFleet(inTurn, nodes(1)), undefined);
  const atOnce = [aPod("a", 0, 30), aPod("b", 10, 20), aPod("c", 20)];
  assert.equal(tooSmallFleet(atOnce, nodes(2)), undefined);
  assert.match(
    tooSmallFleet(atOnce, nodes(1)) ?? "",
    /ask for 2 cores and 2\.0 GiB, .* all 1 nodes together have 1 cores and 4\.0 GiB: some pods will wait/,
  );
});

test("a fleet that grows is never too small", () => {
  const fleet: FleetShape = { kind: "auto", nodeSize: { cpuMilli: 1_000, memoryBytes: GIB } };
  assert.equal(tooSmallFleet([aPod("a", 0), aPod("b", 0)], fleet), undefined);
});
