import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { UsageError } from "#runtime/usage-error.ts";
import { parse } from "yaml";
import type { Comparison } from "#sim/engine/comparison.ts";
import { runSim } from "./sim-command.ts";

let folder = "";
before(() => {
  folder = mkdtempSync(join(tmpdir(), "berth-sim-"));
  writeFileSync(
    join(folder, "pods.csv"),
    "pod,app,cpu,mem_gib,create_s,delete_s\np1,cart,1,2,0,600\np2,cart,1,2,60,\np3,shop,1,2,60,\n",
  );
  writeFileSync(join(folder, "nodes.csv"), "node,cpu,mem_gib\nn1,8,16\nn2,4,16\n");
  writeFileSync(join(folder, "empty.csv"), "pod,app,cpu,mem_gib,create_s,delete_s\n");
});
after(() => rmSync(folder, { recursive: true }));

async function printed(...argv: readonly string[]): Promise<string> {
  let text = "";
  await runSim(argv, {
    out: (part) => (text += part),
    progress: () => undefined,
    isTerminal: false,
    hasColour: false,
  });
  return text;
}

async function compared(...argv: readonly string[]): Promise<Comparison> {
  return JSON.parse(await printed("--json", ...argv)) as Comparison;
}

test("a report that cannot be written is said before the run, and a fleet that is too small as well", async () => {
  const here = join(folder, "pods.csv");
  for (const [argv, message] of [
    [["--html", join(folder, "none", "r.html")], /--html .*there is no folder/],
    [["--html", folder], /is a folder; name a file in it/],
    [["--csv", here], /--csv .*is a file; name a folder/],
  ] as const) {
    await assert.rejects(printed("--pods", "10", ...argv), (error: unknown) => {
      assert.ok(error instanceof UsageError);
      assert.match(error.message, message);
      return true;
    });
  }
  let warned = "";
  const output = { out: () => undefined, isTerminal: false, hasColour: false };
  const progress = (part: string) => void (warned += part);
  await runSim(["--pods", "500", "--nodes", "1", "--policy", "berth"], { ...output, progress });
  assert.match(
    warned,
    /^warning: at some time the pods alone ask for .* 1 nodes together have 32 cores and 128\.0 GiB/,
  );
});

test("without a trace a generated one is compared under all six policies", async () => {
  const { trace, runs } = await compared("--pods", "200", "--seed", "3");
  assert.equal(trace.pods, 200);
  assert.deepEqual(
    runs.map(({ policy }) => policy),
    ["sidecar-quarter", "sidecar-fixed", "kube-default", "kube-most-allocated", "best-fit", "berth"],
  );
});

test("the same options print the same bytes", async () => {
  const argv = ["--pods", "300", "--seed", "9"];
  assert.equal(await printed(...argv), await printed(...argv));
});

test("options reach the replay", async () => {
  const path = join(folder, "pods.csv");
  const { runs, fleet } = await compared("--trace", path, "--nodes", "3", "--node-size", "4500m,8Gi");
  assert.deepEqual(fleet, { nodes: 3, nodeSize: { cpuMilli: 4500, memoryBytes: 8 * 1024 ** 3 } });
  assert.equal(runs[0]?.pods.arrived, 3);
  const table = await compared("--trace", path, "--node-table", join(folder, "nodes.csv"));
  assert.deepEqual(table.fleet, { nodes: 2, nodeSize: null });
  const [only] = (await compared("--trace", path, "--policy", "berth", "--base-mib", "0")).runs;
  assert.ok(only !== undefined && only.peak.meshMemoryBytesRequired < 200 * 1024 ** 2);
  const [capped] = (await compared("--trace", path, "--policy", "berth", "--cap", "1")).runs;
  assert.equal(capped?.bounds.instances, 3);
  const [fixed] = (
    await compared("--trace", path, "--policy=sidecar-fixed", "--sidecar-cpu", "1", "--sidecar-memory", "1Gi")
  ).runs;
  assert.equal(fixed?.peak.meshCpuMilliGranted, 3000);
  assert.equal(fixed?.peak.meshMemoryBytesGranted, 3 * 1024 ** 3);
});

test("policies may be repeated or listed, and come in one order", async () => {
  const argv = ["--pods", "50", "--policy", "berth", "--policy", "kube-default,sidecar-quarter"];
  const { runs } = await compared(...argv);
  assert.deepEqual(
    runs.map(({ policy }) => policy),
    ["sidecar-quarter", "kube-default", "berth"],
  );
});

test("-o yaml says what -o json says", async () => {
  const yaml = await printed("--pods", "20", "-o", "yaml");
  assert.deepEqual(parse(yaml), await compared("--pods", "20"));
});

test("-o json and --json are the same", async () => {
  assert.equal(await printed("--pods", "20", "-o", "json"), await printed("--pods", "20", "--json"));
  assert.match(await printed("--pods", "20", "-o", "table"), /^generated trace/);
});

test("the flags printed as a scenario give the same figures from a file", async () => {
  const argv = ["--pods", "60", "--cap", "2", "--policy", "berth", "--seed", "4"];
  const path = join(folder, "scenario.yaml");
  writeFileSync(path, await printed("--print-scenario", ...argv));
  const { results } = JSON.parse(await printed("--scenario", path, "--json")) as {
    results: readonly { readonly comparison: Comparison }[];
  };
  assert.deepEqual(results[0]?.comparison, await compared(...argv));
  const other = await printed("--scenario", path, "--json", "--seed", "5");
  assert.equal((JSON.parse(other) as { seed: number }).seed, 5);
  assert.match(await printed("--scenario", path), /a bare instance takes 50m CPU and 200Mi \(nodesentry\)/);
});

test("the calibration sets generated figures beside published ones", async () => {
  const text = await printed("--pods", "2000", "--calibration");
  assert.match(text, /lives of at most an hour +0\.\d+ +0\.69 +AZ/);
  assert.match(text, /SOSP'17/);
});

test("--help names every option and policy", async () => {
  const help = await printed("--help");
  for (const word of ["--trace", "--node-size", "--base-mib", "sidecar-quarter", "berth", "--order"]) {
    assert.ok(help.includes(word), word);
  }
});

test("what cannot work is said in a sentence", async () => {
  const wrong: readonly (readonly [readonly string[], RegExp])[] = [
    [["--trace", "/no/such/file.csv"], /\/no\/such\/file\.csv/],
    [["--trace", join(folder, "empty.csv")], /has a header but no rows/],
    [["--trace", join(folder, "nodes.csv")], /holds nodes, not pods/],
    [["--node-table", join(folder, "pods.csv")], /pods\.csv/],
    [["--nodes", "0"], /--nodes: is auto or a number/],
    [["--nodes", "many"], /--nodes: is auto or a number/],
    [["--nodes", "3", "--node-table", join(folder, "nodes.csv")], /--node-table says which nodes/],
    [["--node-size", "32"], /--node-size: "32" is not CPU,MEMORY/],
    [["--node-size", "32,lots"], /--node-size: "lots" is not a quantity/],
    [["--node-size", "0,1Gi"], /holds nothing/],
    [["--pods", "0"], /--pods/],
    [["--pods", "1.5"], /--pods/],
    [["--pods", "ten"], /--pods: "ten" is not a number/],
    [["--seed=-1"], /--seed/],
    [["--order", "sorted"], /--order/],
    [
      ["--policy", "fastest"],
      /policy "fastest" is none of sidecar-quarter, sidecar-fixed, kube-default, kube-most-allocated, best-fit, berth/,
    ],
    [["--policy"], /policy/],
    [["--cap", "0"], /--cap/],
    [["--base-mib=-5"], /--base-mib/],
    [["--sidecar-memory=-1Gi"], /not negative/],
    [["-o", "xml"], /--output/],
    [["--trcae", "x"], /--trcae/],
    [["--format", "openb"], /are of a trace/],
    [["--trace", join(folder, "pods.csv"), "--format", "azure"], /--format/],
    [["--trace", join(folder, "pods.csv"), "--format", "openb"], /pods\.csv:1: .*expected columns name/],
    [["--trace", join(folder, "pods.csv"), "--calibration"], /only a generated workload/],
    [["--scenario", "/no/such.yaml"], /cannot read the scenario/],
    [["--scenario", "x.yaml", "--pods", "3"], /--pods: the scenario file says that/],
    [["stray"], /stray/],
  ];
  for (const [argv, message] of wrong) {
    await assert.rejects(printed(...argv), (error: unknown) => {
      assert.ok(error instanceof UsageError, `${argv.join(" ")}: ${String(error)}`);
      assert.match(error.message, message);
      return true;
    });
  }
});

test("bad input ends the command with 2 and one line", () => {
  const module = join(import.meta.dirname, "sim-command.ts");
  const script = `const { simCommand } = await import(${JSON.stringify(module)}); await simCommand.run(["--nodes", "x"]);`;
  const { status, stderr, stdout } = spawnSync(process.execPath, ["--input-type=module", "--eval", script], {
    encoding: "utf8",
  });
  assert.equal(status, 2);
  assert.equal(stdout, "");
  assert.match(stderr, /^--nodes: [^\n]*\n$/);
});

const TIANCHI = join(import.meta.dirname, "../../../shared/traces/tianchiB_pods.csv.gz");
const skip = existsSync(TIANCHI) ? false : "there are no traces beside the repository";

test("on a real trace Berth shares instances in any order and keeps to every limit", { skip }, async () => {
  const argv = ["--trace", TIANCHI, "--pods", "5000", "--policy", "kube-default,berth"];
  const { runs } = await compared(...argv);
  assert.equal(runs.length, 4);
  for (const order of ["grouped", "shuffled"]) {
    const [kube, berth] = runs.filter((run) => run.order === order);
    assert.ok(kube !== undefined && berth !== undefined);
    assert.equal(berth.overcommits, 0);
    assert.equal(berth.capViolations, 0);
    assert.ok(berth.peak.instances < 0.7 * kube.peak.instances);
    assert.ok(berth.peak.instances < 1.2 * berth.bounds.instances);
    assert.ok(berth.peak.nodesUsed <= kube.peak.nodesUsed);
  }
});
