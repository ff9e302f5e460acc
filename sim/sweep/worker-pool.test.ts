import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { chmodSync, readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { writtenFile } from "../traces/written-file.ts";
import { planSweep, runTask, type SweepPlan, taskBlocks } from "./sweep-plan.ts";
import { runInPool } from "./worker-pool.ts";

const SCENARIO = `apiVersion: sim.berth.dev/v1alpha1
kind: Scenario
workload: { generator: { pods: 30, spanSeconds: 3600, podSize: 0.25 } }
fleet: { auto: { cpu: 16, memory: 64Gi } }
policies: [kube-default, berth]
seeds: [1, 2, 3, 4, 5, 6]
`;

interface Sweep {
  readonly plan: SweepPlan;
  readonly args: readonly string[];
  readonly folder: string;
}

async function aSweep(t: TestContext, text = SCENARIO): Promise<Sweep> {
  const scenarioPath = await writtenFile(t, "s.yaml", text);
  const folder = join(dirname(scenarioPath), "results");
  const plan = await planSweep({ scenarioPath, resultsPath: folder });
  return { plan, args: [scenarioPath, folder], folder };
}

function contents(folder: string): ReadonlyMap<string, string> {
  return new Map(
    readdirSync(folder)
      .sort()
      .map((name) => [name, readFileSync(join(folder, name), "utf8")]),
  );
}

test("workers that are killed lose nothing but time: the results are those of a run in one process", async (t) => {
  const { plan, args, folder } = await aSweep(t);
  const workers: ChildProcess[] = [];
  let done = 0;
  const outcome = await runInPool(taskBlocks(plan.tasks), {
    args,
    workers: 2,
    onWorker: (worker) => {
      workers.push(worker);
      // One before it is ready.
      if (workers.length === 1) worker.kill("SIGKILL");
    },
    onDone: () => {
      // And one at work: of twelve tasks one is done, and the pool needs to see it die before the last is.
      done++;
      if (done === 1) workers[1]?.kill("SIGKILL");
    },
  });
  assert.deepEqual(outcome, { failed: [], died: 2, wasInterrupted: false });
  const alone = await aSweep(t);
  for (const task of alone.plan.tasks) await runTask(alone.plan, task);
  assert.equal(plan.tasks.length, 12);
  assert.deepEqual(taskBlocks(plan.tasks)[0], [0, 1], "the policies of one seed stay together");
  assert.equal(contents(folder).size, 12);
  assert.deepEqual(contents(folder), contents(alone.folder));
});

test("a result is written once and is not written over", async (t) => {
  const { plan, folder } = await aSweep(t);
  const [task] = plan.tasks;
  assert.ok(task !== undefined);
  await runTask(plan, task);
  const path = join(folder, `${task.key}.json`);
  assert.equal(statSync(path).mode & 0o222, 0);
  chmodSync(path, 0o644);
  writeFileSync(path, "kept");
  await runTask(plan, task);
  assert.equal(readFileSync(path, "utf8"), "kept");
  assert.deepEqual(readdirSync(folder), [`${task.key}.json`]);
  assert.throws(
    () => plan.results.read(task.key),
    /is no result of a sweep; remove it and run the sweep again/,
  );
});

test("a task that cannot work is named, and the others go on", async (t) => {
  const text = SCENARIO.replace("seeds: [1, 2, 3, 4, 5, 6]", "seeds: [1]").concat(
    "sweep: { parameters: { workload.trace.file: [no.csv], workload.generator: [null] } }\n",
  );
  await assert.rejects(aSweep(t, text), /generator/);
  const gone = SCENARIO.replace("auto: { cpu: 16", "auto: { cpu: 1").replace(
    "seeds: [1, 2, 3, 4, 5, 6]",
    "seeds: [1]",
  );
  const { plan, args } = await aSweep(
    t,
    gone.concat("sweep: { parameters: { fleet.auto.cpu: [0.2, 16] } }\n"),
  );
  const outcome = await runInPool(
    [
      [0, 1],
      [2, 3],
    ],
    { args, workers: 1 },
  );
  assert.deepEqual(
    outcome.failed.map(({ index }) => index),
    [0, 1],
  );
  assert.match(outcome.failed[0]?.message ?? "", /fit no node/);
  assert.equal(plan.results.keys().size, 2);
});

test("an interrupted sweep keeps what is done", async (t) => {
  const { plan, args } = await aSweep(t);
  const interrupt = new AbortController();
  const outcome = await runInPool(taskBlocks(plan.tasks), {
    args,
    workers: 1,
    signal: interrupt.signal,
    onDone: () => interrupt.abort(),
  });
  assert.equal(outcome.wasInterrupted, true);
  assert.equal(outcome.died, 0);
  const done = plan.results.keys().size;
  assert.ok(done >= 1 && done < 12, String(done));
});
