// `npm run e2e`: builds what is missing, then runs the suite. The build has its own time; a test that hangs does not.

import { spawn } from "node:child_process";
import { globSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { reportAndExit } from "#runtime/component.ts";
import { checkFlags, describeFlags, readFlags } from "#runtime/flags.ts";
import { z } from "zod";
import { toolBinaries, toolVersions } from "./tool-binaries.ts";

const flags = z.strictObject({
  keep: z
    .boolean()
    .default(false)
    .describe(
      "run the cluster's tests only, then leave the cluster up until Ctrl-C and print its KUBECONFIG",
    ),
  record: z
    .boolean()
    .default(false)
    .describe("write what kube-scheduler and the extender said to each other to test/fixtures"),
  help: z.boolean().default(false).describe("this text"),
});

const FOLDER = fileURLToPath(new URL(".", import.meta.url));
/** Several waits of test-cluster.ts in a row. */
const TEST_MS_MAX = 900_000;

async function main(argv: readonly string[]): Promise<void> {
  const { keep, record, help } = checkFlags(flags, readFlags(flags, argv));
  if (help) return void process.stdout.write(`Usage: npm run e2e -- [options]\n\n${describeFlags(flags)}\n`);
  await toolBinaries((line) => void process.stderr.write(`${line}\n`));
  process.stderr.write(`${toolVersions()}\n`);
  const files = globSync("*.e2e.ts", { cwd: FOLDER }).sort();
  const args = keep
    ? ["cluster.e2e.ts"]
    : ["--test", "--test-force-exit", `--test-timeout=${TEST_MS_MAX}`, "--test-reporter=spec", ...files];
  const env = { ...process.env, BERTH_E2E_KEEP: keep ? "1" : "", BERTH_E2E_RECORD: record ? "1" : "" };
  const child = spawn(process.execPath, args, { cwd: FOLDER, stdio: "inherit", env });
  // The terminal's Ctrl-C reaches the child itself, which ends well.
  process.on("SIGINT", () => undefined);
  process.on("SIGTERM", () => child.kill("SIGTERM"));
  child.once("close", (code) => process.exit(code ?? 1));
}

await main(process.argv.slice(2)).catch(reportAndExit);
