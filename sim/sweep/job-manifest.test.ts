import assert from "node:assert/strict";
import { test } from "node:test";
import { parseAllDocuments } from "yaml";
import { writtenFile } from "../traces/written-file.ts";
import { jobManifest } from "./job-manifest.ts";

const SCENARIO = `apiVersion: sim.berth.dev/v1alpha1
kind: Scenario
workload: { trace: { file: /sweep/pods.csv } }
fleet: { auto: { cpu: 16, memory: 64Gi } }
`;
const OPTIONS = { name: "s", image: "berth:1", completions: 4, cpu: "1", memory: "1Gi", claim: "disk" };

interface Job {
  readonly spec: {
    readonly completionMode: string;
    readonly completions: number;
    readonly parallelism: number;
    readonly template: {
      readonly spec: {
        readonly volumes: readonly {
          readonly name: string;
          readonly configMap?: { readonly name: string };
        }[];
        readonly containers: readonly {
          readonly args: readonly string[];
          readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[];
        }[];
      };
    };
  };
}

test("the Job's pods find the scenario that the ConfigMap holds, byte for byte", async (t) => {
  const scenario = await writtenFile(t, "s.yaml", `# kept\n${SCENARIO}`);
  const [map, job] = parseAllDocuments(jobManifest({ ...OPTIONS, scenario })).map(
    (document) => document.toJS() as unknown,
  ) as [
    { readonly metadata: { readonly name: string }; readonly data: Readonly<Record<string, string>> },
    Job,
  ];
  assert.deepEqual(map.data, { "s.yaml": `# kept\n${SCENARIO}` });
  const { spec } = job;
  assert.deepEqual([spec.completionMode, spec.completions, spec.parallelism], ["Indexed", 4, 4]);
  const { volumes, containers } = spec.template.spec;
  const [container] = containers;
  assert.ok(container !== undefined);
  assert.deepEqual(container.args, [
    "sweep",
    "--scenario=/scenario/s.yaml",
    "--out=/sweep/results",
    "--completions=4",
  ]);
  assert.equal(volumes.find(({ name }) => name === "scenario")?.configMap?.name, map.metadata.name);
  assert.deepEqual(
    container.volumeMounts.map(({ name }) => name).sort(),
    volumes.map(({ name }) => name).sort(),
  );
});

test("a scenario whose files are only here is refused with the name they need", async (t) => {
  const scenario = await writtenFile(t, "s.yaml", SCENARIO.replace("/sweep/pods.csv", "traces/pods.csv"));
  assert.throws(
    () => jobManifest({ ...OPTIONS, scenario }),
    /traces\/pods\.csv is on this machine.*name it as the pods see it, \/sweep\/pods\.csv/,
  );
});
