import assert from "node:assert/strict";
import { test } from "node:test";
import type { Comparison } from "#sim/engine/comparison.ts";
import { runSim } from "./sim-command.ts";

async function compared(...argv: readonly string[]): Promise<Comparison> {
  let text = "";
  const output = {
    out: (part: string) => void (text += part),
    progress: () => undefined,
    isTerminal: false,
    hasColour: false,
  };
  await runSim([...argv, "--json"], output);
  return JSON.parse(text) as Comparison;
}

test("bounds of the linear program are no lower than the sums, and no run without overcommits is below them", async () => {
  const argv = ["--pods", "1200", "--node-size", "8,16Gi", "--policy", "sidecar-fixed,berth"];
  const [sums, linear] = [await compared(...argv), await compared(...argv, "--bounds", "lp")];
  let higher = 0;
  for (const [index, { bounds, peak, overcommits, policy }] of linear.runs.entries()) {
    const plain = sums.runs[index]?.bounds;
    assert.ok(plain !== undefined && bounds.nodes !== undefined && plain.nodes !== undefined);
    assert.ok(bounds.nodes >= plain.nodes && bounds.instances >= plain.instances);
    assert.equal(overcommits, 0, policy);
    assert.ok(peak.nodesUsed >= bounds.nodes && peak.instances >= bounds.instances, policy);
    if (bounds.nodes > plain.nodes || bounds.instances > plain.instances) higher++;
  }
  assert.ok(higher > 0, "there are apps too large for a node");
});

test("one pod's placement is explained below the table, and a name that the trace has not is said", async () => {
  let text = "";
  const output = {
    out: (part: string) => void (text += part),
    progress: () => undefined,
    isTerminal: false,
    hasColour: false,
  };
  const trace = ["--pods", "200", "--nodes", "60", "--policy", "berth"];
  const first = /its first is "([^"]+)"/;
  let pod = "";
  await assert.rejects(runSim([...trace, "--explain", "nobody"], output), (error: Error) => {
    pod = first.exec(error.message)?.[1] ?? "";
    return pod !== "";
  });
  await runSim([...trace, "--explain", pod], output);
  assert.match(text, /Decision 1 about \S+, at hour \d/);
  assert.match(text, /opening an instance of the app/);
  await assert.rejects(
    runSim(["--pods", "200", "--policy", "kube-default", "--explain", pod], output),
    /decisions of policy berth/,
  );
});

test("the fewest nodes are found for each policy, and stand in the table and in the report", async () => {
  const argv = [
    "--pods",
    "300",
    "--node-size",
    "8,16Gi",
    "--policy",
    "sidecar-fixed,berth",
    "--minimum-nodes",
    "2",
  ];
  let text = "";
  const output = {
    out: (part: string) => void (text += part),
    progress: () => undefined,
    isTerminal: false,
    hasColour: false,
  };
  await runSim(argv, output);
  assert.match(text, /nodes that would do, by taking nodes away until a pod waits\npolicy +nodes +fewest/);
  for (const { minimumNodes, bounds } of (await compared(...argv)).runs) {
    assert.equal(minimumNodes?.rounds, 2);
    assert.ok((minimumNodes.nodes ?? 0) >= (bounds.nodes ?? Infinity));
  }
});
