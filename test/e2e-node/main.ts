// `npm run e2e:node`: builds what is missing, runs the suite on a real kubelet, and looks whether anything of it is left
// on the machine, however it ended.

import { spawn } from "node:child_process";
import { globSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { reportAndExit } from "#runtime/component.ts";
import { checkFlags, describeFlags, readFlags } from "#runtime/flags.ts";
import { toolBinaries } from "#test/e2e/tool-binaries.ts";
import { z } from "zod";
import { removeGroups } from "./control-groups.ts";
import { leftovers, processesOf, takeInventory } from "./leftovers.ts";
import { metricsServerBinary, metricsServerVersion } from "./metrics-server.ts";
import { nodeToolBinaries, nodeToolVersions } from "./node-tools.ts";
import { checkPrerequisites } from "./prerequisites.ts";

const flags = z.strictObject({
  keep: z
    .boolean()
    .default(false)
    .describe("install Berth on the node, then leave it up until Ctrl-C and print its KUBECONFIG"),
  check: z.boolean().default(false).describe("say what this machine lacks for the suite, and end"),
  help: z.boolean().default(false).describe("this text"),
});

const FOLDER = fileURLToPath(new URL(".", import.meta.url));
const TEST_MS_MAX = 1_200_000;

async function main(argv: readonly string[]): Promise<void> {
  const { keep, check, help } = checkFlags(flags, readFlags(flags, argv));
  if (help)
    return void process.stdout.write(`Usage: npm run e2e:node -- [options]\n\n${describeFlags(flags)}\n`);
  checkPrerequisites();
  if (check) return;
  const progress = (line: string): void => void process.stderr.write(`${line}\n`);
  await toolBinaries(progress);
  await nodeToolBinaries(progress);
  await metricsServerBinary(progress);
  progress(`${nodeToolVersions()}, ${metricsServerVersion()}`);
  const runFolder = mkdtempSync(join(tmpdir(), "berth-node-run-"));
  const before = takeInventory(runFolder);
  const exitCode = await runSuite({ runFolder, keep });
  const left = leftovers(before, takeInventory(runFolder));
  for (const line of left) progress(`left behind: ${line}`);
  await sweep(runFolder);
  for (const line of leftovers(before, takeInventory(runFolder))) progress(`could not be removed: ${line}`);
  if (exitCode === 0) rmSync(runFolder, { recursive: true, force: true });
  else progress(`the logs of this run are in ${runFolder}`);
  process.exitCode = exitCode === 0 && left.length > 0 ? 1 : exitCode;
}

interface Run {
  readonly runFolder: string;
  readonly keep: boolean;
}

function runSuite({ runFolder, keep }: Run): Promise<number> {
  const files = globSync("*.e2e.ts", { cwd: FOLDER }).sort();
  // Not --test-force-exit, as the other suite: it would not wait for the node to be taken down.
  const args = keep ? files : ["--test", `--test-timeout=${TEST_MS_MAX}`, "--test-reporter=spec", ...files];
  const child = spawn(process.execPath, args, {
    cwd: FOLDER,
    stdio: "inherit",
    // Everything temporary of the run lies below its folder, and that is also how its processes are known.
    env: { ...process.env, TMPDIR: runFolder, BERTH_E2E_KEEP: keep ? "1" : "" },
  });
  // The terminal's Ctrl-C reaches the child itself, which ends well.
  process.on("SIGINT", () => undefined);
  process.on("SIGTERM", () => child.kill("SIGTERM"));
  return new Promise((resolve) => child.once("close", (code) => resolve(code ?? 1)));
}

// A run that was killed could not end what it started.
async function sweep(runFolder: string): Promise<void> {
  for (const { pid } of processesOf(runFolder)) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // It ended by itself since it was looked for.
    }
  }
  await removeGroups();
}

await main(process.argv.slice(2)).catch(reportAndExit);
