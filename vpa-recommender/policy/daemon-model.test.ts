import assert from "node:assert/strict";
import { test } from "node:test";
import type { NodeName } from "#model/brand.ts";
import { GIB, MIB } from "#test/builders/sizes.ts";
import { DaemonModel } from "./daemon-model.ts";

const START_MS = Date.UTC(2026, 0, 1);
const MINUTE_MS = 60_000;
const allocatable = { cpuMilli: 8_000, memoryBytes: 32 * GIB };

/** 50m and 100 MiB, and 20m and 10 MiB for each pod of batch. */
function used(pods: number): { cpuMilli: number; memoryBytes: number } {
  return { cpuMilli: 50 + 20 * pods, memoryBytes: (100 + 10 * pods) * MIB };
}

function node(name: string, pods: number) {
  return { name: name as NodeName, allocatable, workloads: new Map(pods === 0 ? [] : [["batch", pods]]) };
}

function watched(minutes: number): { readonly model: DaemonModel; readonly nowMs: number } {
  const model = new DaemonModel({ cpuMilli: 100, memoryBytes: 128 * MIB });
  let nowMs = START_MS;
  for (let minute = 0; minute < minutes; minute++) {
    nowMs = START_MS + minute * MINUTE_MS;
    for (let index = 0; index < 6; index++) {
      const reading = { used: used(index * 2), timeMs: nowMs };
      assert.equal(model.observe(node(`node-${index}`, index * 2), reading, nowMs), undefined);
    }
  }
  return { model, nowMs };
}

test("each node's pod needs what its own workloads make it use", () => {
  const { model, nowMs } = watched(120);
  for (const index of [0, 2, 5]) {
    const needed = model.requiredNow(node(`node-${index}`, index * 2), nowMs);
    assert.ok(
      Math.abs((needed?.cpuMilli ?? 0) / used(index * 2).cpuMilli - 1) < 0.05,
      String(needed?.cpuMilli),
    );
  }
});

test("a node without history is expected to need what the others did, and a quarter more", () => {
  const { model, nowMs } = watched(120);
  const needed = model.requiredNow(node("new", 8), nowMs);
  assert.ok(
    Math.abs((needed?.cpuMilli ?? 0) / (1.25 * used(8).cpuMilli) - 1) < 0.1,
    String(needed?.cpuMilli),
  );
});

test("a node's first pods of a workload are expected before they are measured", () => {
  const { model, nowMs } = watched(120);
  const before = model.requiredNow(node("node-1", 2), nowMs)?.cpuMilli ?? 0;
  const after = model.requiredNow(node("node-1", 6), nowMs)?.cpuMilli ?? 0;
  assert.ok(Math.abs(after - before - 80) < 12, `${before} ${after}`);
});

test("with a handful of readings nobody is moved", () => {
  const { model, nowMs } = watched(4);
  assert.equal(model.requiredNow(node("node-1", 2), nowMs), undefined);
});

test("a single node is moved by its own history, before there are readings enough to speak for others", () => {
  const model = new DaemonModel({ cpuMilli: 100, memoryBytes: 128 * MIB });
  for (let minute = 0; minute < 12; minute++) {
    const nowMs = START_MS + minute * MINUTE_MS;
    assert.equal(model.requiredNow(node("only", 2), nowMs), undefined);
    model.observe(node("only", 2), { used: used(2), timeMs: nowMs }, nowMs);
  }
  const nowMs = START_MS + 12 * MINUTE_MS;
  const needed = model.requiredNow(node("only", 2), nowMs);
  assert.ok(Math.abs((needed?.cpuMilli ?? 0) / used(2).cpuMilli - 1) < 0.05, String(needed?.cpuMilli));
  assert.equal(model.requiredNow(node("new", 2), nowMs), undefined);
});
