import assert from "node:assert/strict";
import { test } from "node:test";
import { UsageError } from "#runtime/usage-error.ts";
import { parseScenario } from "../scenario/scenario-file.ts";
import { type SweepTask, sweepTasks } from "./sweep-tasks.ts";
import { taskKey } from "./task-results.ts";

const TEXT = `apiVersion: sim.berth.dev/v1alpha1
kind: Scenario
workload: { generator: { pods: 10 } }
fleet: { shapes: [{ count: 5, cpu: 8, memory: 16Gi }] }
policies: [kube-default, berth]
seeds: [7, 8]
`;

function tasks(more = "", text = TEXT): readonly SweepTask[] {
  return sweepTasks(parseScenario(text + more, "s.yaml"));
}

const SWEEP = `sweep:
  nodes: [4, 6]
  parameters: { mesh.podsPerNodeMax: [1, 2], mesh.bases: [[{ name: b }]] }
`;

test("without a sweep there is a task per policy and seed", () => {
  assert.deepEqual(
    tasks().map(({ index, point }) => [index, point.policy, point.seed]),
    [
      [0, "kube-default", 7],
      [1, "berth", 7],
      [2, "kube-default", 8],
      [3, "berth", 8],
    ],
  );
});

test("every combination is a task with a scenario of its own, policies next to each other", () => {
  const all = tasks(SWEEP);
  assert.equal(all.length, 2 * 2 * 2 * 2);
  assert.deepEqual(
    all
      .slice(3, 6)
      .map(({ point: { policy, seed, nodes, parameters } }) => [
        policy,
        seed,
        nodes,
        parameters["mesh.podsPerNodeMax"],
      ]),
    [
      ["berth", 7, 6, 1],
      ["kube-default", 7, 4, 2],
      ["berth", 7, 4, 2],
    ],
  );
  const last = all.at(-1)?.scenario;
  assert.equal(last?.fleet.shapes?.[0]?.count, 6);
  assert.equal(last?.mesh.podsPerNodeMax, 2);
  assert.deepEqual(last?.policies, ["berth"]);
  assert.equal(last?.sweep, undefined);
});

test("what cannot be varied is said", () => {
  const wrong: readonly (readonly [string, RegExp])[] = [
    ["sweep: { parameters: { mesh.bases.0.memory: [100Mi] } }\n", /sweep: mesh\.bases: .*expected array/],
    [
      "sweep: { parameters: { mesh.podsPerNodeMax: [0] } }\n",
      /mesh\.podsPerNodeMax: .*with \{"mesh\.podsPerNodeMax":0\}/,
    ],
    [
      "sweep: { parameters: { mesh.podsPerNode: [1] } }\n",
      /^s\.yaml:7:42: sweep: mesh\.podsPerNode: there is no such field, with /,
    ],
    ["sweep: { parameters: { seeds: [[1]] } }\n", /seeds is not varied here/],
    ["sweep: { parameters: { fleet.shapes.1.count: [1] } }\n", /the list has no item 1/],
    ["sweep: { parameters: { policies.0: [berth] } }\n", /policies\.0 is not varied here/],
    ["sweep: { parameters: { __proto__.x: [1] } }\n", /there is no field __proto__\.x/],
    ["sweep: { baseline: sidecar-fixed }\n", /"sidecar-fixed" is none of the policies: kube-default, berth/],
    [
      `sweep: { parameters: { mesh.kiloRpsPerPod: [${Array(50_000).fill(1).join(",")}] } }\n`,
      /has 200000 tasks/,
    ],
  ];
  for (const [more, message] of wrong) {
    assert.throws(
      () => tasks(more),
      (error: unknown) => {
        assert.ok(error instanceof UsageError, String(error));
        assert.match(error.message, message);
        return true;
      },
    );
  }
  const auto = TEXT.replace("shapes: [{ count: 5, cpu: 8, memory: 16Gi }]", "auto: { cpu: 8, memory: 16Gi }");
  assert.throws(() => tasks("sweep: { nodes: [3] }\n", auto), /is for a fleet of one shape/);
  assert.equal(Object.hasOwn(Object.prototype, "x"), false);
});

test("a result's name changes with all that the result depends on, and with nothing else", () => {
  const ground = { version: "1", inputs: [{ file: "pods.csv", sha256: "00" }] };
  const [task] = tasks();
  const [again] = tasks("# a comment\n");
  assert.ok(task !== undefined && again !== undefined);
  const key = taskKey(task, ground);
  assert.equal(taskKey(again, ground), key);
  const keys = new Set([
    key,
    taskKey(task, { ...ground, version: "2" }),
    taskKey(task, { ...ground, inputs: [{ file: "pods.csv", sha256: "01" }] }),
    ...tasks(SWEEP).map((other) => taskKey(other, ground)),
  ]);
  assert.equal(keys.size, 3 + 16);
});
