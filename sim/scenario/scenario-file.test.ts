import assert from "node:assert/strict";
import { test } from "node:test";
import { UsageError } from "#runtime/usage-error.ts";
import { parseScenario, readScenarioFile } from "./scenario-file.ts";
import { scenarioText } from "./scenario-text.ts";

const LEAST = `apiVersion: sim.berth.dev/v1alpha1
kind: Scenario
workload:
  generator: { pods: 10 }
fleet:
  auto: { cpu: 8, memory: 16Gi }
`;

test("what a scenario leaves out has defaults, and the printed one says them all and is read as the same", () => {
  const { scenario } = parseScenario(LEAST, "s.yaml");
  assert.equal(scenario.mesh.bases[0]?.memory, "200Mi");
  assert.deepEqual(scenario.seeds, [1]);
  assert.ok(scenario.policies.includes("berth"));
  const printed = scenarioText(scenario);
  assert.match(printed, /proxyBase:\n {4}cpu: 100m/);
  assert.deepEqual(parseScenario(printed, "printed.yaml").scenario, scenario);
});

test("what is wrong is said with line and column", () => {
  const wrong: readonly (readonly [string, RegExp])[] = [
    [`${LEAST}polices: [berth]\n`, /^s\.yaml:7:1: there is no key "polices" here$/],
    [`${LEAST}mesh:\n  podsPerNodeMax: 0\n`, /^s\.yaml:8:19: mesh\.podsPerNodeMax: .*>=1/],
    [LEAST.replace("cpu: 8", "cpu: eight"), /^s\.yaml:6:16: fleet\.auto\.cpu: must be a quantity of CPU/],
    [LEAST.replace("pods: 10", "pod: 10"), /^s\.yaml:4:16: workload\.generator: there is no key "pod" here$/],
    [
      LEAST.replace("generator: { pods: 10 }", "orders: [file]"),
      /^s\.yaml:4:3: workload: needs either trace or generator/,
    ],
    [
      LEAST.replace("  auto:", "  table: nodes.csv\n  auto:"),
      /^s\.yaml:6:3: fleet: needs one of auto, shapes and table/,
    ],
    [LEAST.replace("v1alpha1", "v2"), /^s\.yaml:1:13: apiVersion: /],
    [LEAST.replace("kind: Scenario\n", ""), /^s\.yaml:1:1: kind: /],
    [`${LEAST}seeds: []\n`, /^s\.yaml:7:8: seeds: /],
    [`${LEAST}fleet: {}\n`, /^s\.yaml:7:1: .*unique/],
    [`${LEAST}  bad\n - x`, /^s\.yaml:\d+:\d+: /],
    [`${LEAST}seeds: *none\n`, /^s\.yaml: /],
    ["", /^s\.yaml:1:1: /],
  ];
  for (const [text, message] of wrong) {
    assert.throws(
      () => parseScenario(text, "s.yaml"),
      (error: unknown) => {
        assert.ok(error instanceof UsageError, String(error));
        assert.match(error.message, message);
        return true;
      },
    );
  }
});

test("every fault of a file is named at once", () => {
  const text = `${LEAST.replace("pods: 10", "pods: 0")}polices: []\n`;
  assert.throws(() => parseScenario(text, "s.yaml"), /s\.yaml:4:22: .*\ns\.yaml:7:1: /);
});

test("a scenario that is not there is a sentence", () => {
  assert.throws(() => readScenarioFile("/no/such.yaml"), /cannot read the scenario \/no\/such\.yaml/);
});
