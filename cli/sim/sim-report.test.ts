import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { runSim } from "./sim-command.ts";

let folder = "";
before(() => void (folder = mkdtempSync(join(tmpdir(), "berth-sim-report-"))));
after(() => rmSync(folder, { recursive: true }));

async function reported(name: string, ...argv: readonly string[]): Promise<string> {
  const html = join(folder, name);
  const quiet = { out: () => undefined, progress: () => undefined, isTerminal: false, hasColour: false };
  await runSim([...argv, "--html", html], quiet);
  return readFileSync(html, "utf8");
}

/** A usual report is far smaller; one that is not has let something grow with the input. */
const REPORT_BYTES_MAX = 500_000;

test("a report of all policies over days stays small, is the same each time, and has both bases of an instance", async () => {
  const page = await reported("one.html", "--pods", "3000");
  assert.ok(page.length < REPORT_BYTES_MAX, `${page.length} bytes`);
  assert.equal(await reported("two.html", "--pods", "3000"), page);
  const words = ["How does it go over time?", "NodeSentry", "measured", "seed 1", "peak.nodesUsed"];
  for (const word of words) assert.ok(page.includes(word), word);
  assert.equal(
    page.match(/<figure class="lines">/g)?.length,
    4,
    "pods, nodes, instances, memory; nobody waits",
  );
});

test("a report without scripts or names of the machine: apps and files that are markup stay text", async () => {
  const trace = join(folder, "<b>pods<b>.csv");
  writeFileSync(trace, `pod,app,cpu,mem_gib,create_s,delete_s\np,<script>alert(1)</script>,1,1,0,\n`);
  const page = await reported("hostile.html", "--trace", trace);
  assert.ok(page.includes("&lt;b&gt;pods&lt;b&gt;.csv"));
  assert.doesNotMatch(page, /<b>|<script>alert/);
  assert.ok(!page.includes(folder));
  assert.match(page, /[0-9a-f]{64}/);
  assert.doesNotMatch(page, /How does it go over time/, "this trace has no time");
});

test("what is printed is the same whether a report is written or not", async () => {
  const printed = async (...argv: readonly string[]): Promise<string> => {
    let text = "";
    await runSim(["--pods", "300", ...argv], {
      out: (part) => void (text += part),
      progress: () => undefined,
      isTerminal: false,
      hasColour: false,
    });
    return text;
  };
  assert.equal(await printed("--html", join(folder, "three.html")), await printed());
});

test("figures are written per run and per moment", async () => {
  await reported("four.html", "--pods", "300", "--csv", join(folder, "csv"), "--policy", "berth");
  assert.deepEqual(readdirSync(join(folder, "csv")).sort(), ["runs.csv", "series.csv"]);
  const [head, ...rows] = readFileSync(join(folder, "csv", "runs.csv"), "utf8")
    .trim()
    .split("\n");
  assert.match(head ?? "", /^base,order,policy,.*peak\.nodesUsed/);
  assert.equal(rows.length, 2, "one run with each base");
});
