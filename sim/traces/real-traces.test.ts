// The same readers over real traces, where these lie beside the repository.

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { detectTrace, loadTrace } from "./load-trace.ts";
import { loadTraceNodes } from "./node-table.ts";
import { traceEvents } from "./trace-events.ts";

const TRACES = join(import.meta.dirname, "../../../shared/traces");
const skip = existsSync(TRACES) ? false : "there are no traces beside the repository";

test("set A of the contest has 68,219 pods of 9,338 apps", { skip }, async () => {
  const pods = await loadTrace(join(TRACES, "tianchiA_pods.csv.gz"));
  assert.equal(pods.length, 68_219);
  assert.equal(new Set(pods.map(({ app }) => app)).size, 9338);
  assert.equal(pods.filter(({ maxPerNode }) => maxPerNode !== undefined).length, 8603);
  assert.ok(pods.every(({ request }) => request.cpuMilli >= 500 && request.cpuMilli <= 32_000));
});

test("set B of the contest finds the sizes of its 20,206 pods beside them", { skip }, async () => {
  const path = join(TRACES, "tianchiB_pods.csv.gz");
  assert.equal(await detectTrace(path), "tianchi-b");
  const pods = await loadTrace(path);
  assert.equal(pods.length, 20_206);
  assert.ok(pods.every(({ request }) => request.cpuMilli > 0 && request.memoryBytes > 0));
});

test("the contest has 6,000 nodes of two shapes", { skip }, async () => {
  const nodes = await loadTraceNodes(join(TRACES, "tianchi_nodes.csv.gz"));
  assert.equal(nodes.length, 6000);
  const shapes = Map.groupBy(nodes, ({ allocatable }) => allocatable.cpuMilli);
  assert.deepEqual(
    [...shapes].map(([cpuMilli, { length }]) => [cpuMilli, length]),
    [
      [32_000, 3000],
      [92_000, 3000],
    ],
  );
});

test("openb has 8,152 pods on 1,523 nodes", { skip }, async () => {
  const folder = join(TRACES, "aux/openb2023");
  const pods = await loadTrace(join(folder, "openb_pod_list_default.csv"));
  assert.equal(pods.length, 8152);
  assert.equal((await loadTraceNodes(join(folder, "openb_node_list_all_node.csv"))).length, 1523);
});

test(
  "the Azure trace gives an arrival for each of its pods and a departure for each that leaves",
  { skip },
  async () => {
    const pods = await loadTrace(join(TRACES, "azure_dev_pods.csv.gz"), { limit: 50_000 });
    let arrivals = 0;
    let departures = 0;
    let last = 0;
    for (const { kind, atSeconds } of traceEvents(pods)) {
      assert.ok(atSeconds >= last);
      last = atSeconds;
      if (kind === "arrival") arrivals++;
      else departures++;
    }
    assert.equal(arrivals, 50_000);
    assert.equal(departures, pods.filter(({ deleteSeconds }) => deleteSeconds !== undefined).length);
  },
);
