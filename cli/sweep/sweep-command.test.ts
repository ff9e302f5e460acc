import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { UsageError } from "#runtime/usage-error.ts";
import { type SweepOutput, runSweep } from "./sweep-command.ts";

const SCENARIO = `apiVersion: sim.berth.dev/v1alpha1
kind: Scenario
workload: { generator: { pods: 30, spanSeconds: 3600, podSize: 0.25 } }
fleet: { shapes: [{ count: 4, cpu: 16, memory: 64Gi }] }
policies: [kube-default, berth]
seeds: [1, 2, 3]
sweep: { nodes: [3, 4] }
`;

let folder = "";
let scenario = "";
before(() => {
  folder = mkdtempSync(join(tmpdir(), "berth-sweep-"));
  scenario = join(folder, "s.yaml");
  writeFileSync(scenario, SCENARIO);
});
after(() => rmSync(folder, { recursive: true }));

async function sweep(argv: readonly string[], over: Partial<SweepOutput> = {}): Promise<string> {
  let text = "";
  await runSweep(["--scenario", scenario, ...argv], {
    out: (part) => (text += part),
    progress: () => undefined,
    isTerminal: false,
    hasColour: false,
    environment: {},
    signal: new AbortController().signal,
    ...over,
  });
  return text;
}

test("parts that pods of an Indexed Job ran are all of the sweep, and the summary finds them", async () => {
  const out = join(folder, "parts");
  for (const index of ["0", "1", "2"]) {
    await sweep(["--out", out, "--completions", "3"], { environment: { JOB_COMPLETION_INDEX: index } });
  }
  assert.equal(readdirSync(out).length, 12);
  let progress = "";
  const summary = await sweep(["--out", out], { progress: (text) => (progress += text) });
  assert.equal(progress, "", "nobody watches");
  assert.match(summary, /^3 nodes, base nodesentry, order file\n/);
  assert.match(summary, /\nberth +3 +\d.*\[[+−]\d.* ± /);
  const elsewhere = join(folder, "alone");
  await sweep(["--out", elsewhere, "--index", "0", "--completions", "1"]);
  assert.equal(
    await sweep(["--out", elsewhere, "--output", "json"]),
    await sweep(["--out", out, "--output", "json"]),
  );
});

test("a sweep is reported to the browser and to programs, the same each time, with surveys where they were asked for", async () => {
  const path = join(folder, "surveyed.yaml");
  writeFileSync(path, SCENARIO.replace("nodes: [3, 4]", "survey: true"));
  const out = join(folder, "surveyed");
  const reported = async (name: string): Promise<string> => {
    const html = join(folder, name);
    await sweep(["--scenario", path, "--out", out, "--html", html, "--csv", join(folder, "csv")]);
    return readFileSync(html, "utf8");
  };
  const page = await reported("one.html");
  assert.equal(await reported("two.html"), page);
  for (const words of ["how sure is each difference", "seed 1, 2, 3", "Entries that discovery holds"])
    assert.ok(page.toLowerCase().includes(words.toLowerCase()), words);
  assert.ok(!page.includes(folder), "no name of the machine");
  assert.match(readFileSync(join(folder, "csv", "figures.csv"), "utf8"), /strandedMemoryShare/);
  assert.equal(
    readFileSync(join(folder, "csv", "runs.csv"), "utf8")
      .trimEnd()
      .split("\n").length,
    1 + 6,
  );
});

test("the tasks can be listed before", async () => {
  const lines = (await sweep(["--list"])).trimEnd().split("\n");
  assert.equal(lines.length, 12);
  assert.equal(lines[3], "3 berth seed=1 nodes=4");
});

test("what cannot work is said in a sentence", async () => {
  const wrong: readonly (readonly [readonly string[], RegExp])[] = [
    [[], /--out: name the folder/],
    [["--out", scenario], /cannot be made a folder/],
    [["--out", folder, "--workers", "0"], /--workers/],
    [["--out", folder, "--index", "2"], /--index: is one of --completions parts/],
    [["--out", folder, "--index", "2", "--completions", "2"], /2 is not below --completions 2/],
    [["--out", folder, "--completions", "2"], /needs --index, or JOB_COMPLETION_INDEX/],
    [["--print-job"], /needs --claim or --host-path/],
    [["--print-job", "--claim", "a", "--name", "No"], /--name/],
  ];
  for (const [argv, message] of wrong) {
    await assert.rejects(sweep(argv), (error: unknown) => {
      assert.ok(error instanceof UsageError, String(error));
      assert.match(error.message, message);
      return true;
    });
  }
});

test("what the tasks would fail of is said before any of them is run", async () => {
  const path = join(folder, "wrong.yaml");
  const out = join(folder, "wrong");
  for (const [text, message] of [
    [SCENARIO.replace("[kube-default, berth]", "[kube-default, fastest]"), /policy "fastest" is none of/],
    [SCENARIO.replace("cpu: 16", "cpu: 100m"), /fit no node/],
  ] as const) {
    writeFileSync(path, text);
    await assert.rejects(sweep(["--scenario", path, "--out", out]), (error: unknown) => {
      assert.ok(error instanceof UsageError);
      assert.match(error.message, message);
      return true;
    });
    assert.deepEqual(readdirSync(out), []);
  }
});
