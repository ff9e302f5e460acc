import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { runRestart } from "#cli/release/restart-command.ts";
import { runRollback } from "#cli/release/rollback-command.ts";
import { ReleasedMesh } from "./released-mesh.ts";

const ROLLOUT = { pauseSeconds: 1, minRequests: 20 };

test("on whole processes, a bad version halts at the first node and is taken back, a good one reaches all, and commands undo and restart", async (context) => {
  const mesh = await ReleasedMesh.start(context, { nodes: 3, spec: { rollout: ROLLOUT } });
  assert.equal(mesh.release?.phase, "Settled");
  mesh.clearAnswers();

  // A hundred requests a second come to each node.
  const editedMs = performance.now();
  await mesh.edit({ quota: { requestsPerSecond: 5 } });
  const bad = mesh.generation;
  await mesh.until(() => mesh.release?.phase === "Halted", "the halt");
  assert.equal(mesh.release.reason, "ErrorRate");
  assert.equal(mesh.release.target?.version, bad);
  const tried = new Set(mesh.records.flatMap(({ firstNode }) => firstNode ?? []));
  assert.equal(tried.size, 1);
  assert.ok(mesh.records.every(({ reach }) => reach === 0));
  const refused = mesh.nodes.filter(({ answers }) => (answers.get(429) ?? 0) > 0);
  assert.deepEqual(
    refused.map(({ name }) => name),
    [...tried],
  );
  const refusals = refused.map(({ answers }) => answers.get(429));
  context.diagnostic(`taken back after ${Math.round(performance.now() - editedMs)} ms, ${refusals} refusals`);
  for (const { answers } of mesh.nodes) answers.delete(429);
  await mesh.until(() => mesh.nodes.every(({ answers }) => (answers.get(200) ?? 0) > 100), "requests again");
  for (const node of mesh.nodes) assert.notEqual(await mesh.versionOn(node), bad);

  await mesh.edit({ quota: { requestsPerSecond: 10_000 } });
  const good = mesh.generation;
  mesh.clearAnswers();
  await mesh.until(() => mesh.release?.settled.version === good, "the good version");
  await mesh.until(() => mesh.nodes.every(({ answers }) => (answers.get(200) ?? 0) > 0), "requests");
  for (const node of mesh.nodes) {
    assert.equal(await mesh.versionOn(node), good);
    assert.deepEqual([...node.answers.keys()], [200], `answers of ${node.name}`);
  }

  await runRollback(["shop/cart", `--api-server=${mesh.url}`], () => undefined);
  const back = mesh.generation;
  await mesh.until(() => mesh.release?.settled.version === back, "the version before");
  assert.equal(mesh.records.findLast(({ phase }) => phase !== "Settled")?.target?.version, good);

  const [one, ...others] = mesh.nodes;
  assert.ok(one !== undefined);
  const before = await mesh.replacementsOn(one);
  await runRestart(["shop/cart", `--node=${one.name}`, `--api-server=${mesh.url}`], () => undefined);
  while ((await mesh.replacementsOn(one)) === before) await setTimeout(20);
  assert.deepEqual(await Promise.all(others.map((node) => mesh.replacementsOn(node))), [0, 0]);
  for (const { name, answers } of mesh.nodes)
    assert.deepEqual([...answers.keys()], [200], `answers of ${name}`);
});
