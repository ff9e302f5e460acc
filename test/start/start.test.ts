// The whole loop as processes: loopback API, scheduler driver, extender, recommender, proxies, example apps.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Summary } from "#cli/start/summary.ts";
import { berth } from "./berth-process.ts";

const PODS = 120;
/** Two example apps with two pods each. */
const EXAMPLE_PODS = 4;
const RUN = ["start", "--headless", "--json", "--ports", "free", "--speed", "max"];

async function run(...args: readonly string[]): Promise<Summary> {
  const { code, stdout, stderr } = await berth(...RUN, "--nodes", "12", "--pods", String(PODS), ...args);
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? "") as Summary;
}

function assertNothingLost(summary: Summary): void {
  const { pods, proxy, examples } = summary;
  assert.equal(pods.placed, PODS + EXAMPLE_PODS);
  assert.equal(pods.pending, 0);
  assert.equal(pods.rejected, 0);
  assert.equal(summary.overcommits, 0);
  assert.equal(summary.leakedReservations, 0);
  assert.equal(proxy.failed, 0);
  assert.ok(examples.sent > 0);
  assert.equal(examples.verified, examples.sent);
  assert.ok(examples.agreesWithProxies, "clients and proxies counted the same requests");
}

test("a replay in lockstep ends by itself, with every pod placed, none overcommitted, every answer verified", async () => {
  const summary = await run("--resize-faults", "0.2");
  assertNothingLost(summary);
  assert.ok(summary.resizes > 0);
  assert.ok(summary.resizeFaults > 0, "some resizes were put off");
  assert.ok(summary.reuse > 1);
  assert.deepEqual(summary.restarts, { extender: 0, recommender: 0 });
});

test("killing the extender and the recommender in the middle loses no pod and leaks no promise", async () => {
  const summary = await run("--crash");
  assertNothingLost(summary);
  assert.deepEqual(summary.restarts, { extender: 1, recommender: 1 });
});
