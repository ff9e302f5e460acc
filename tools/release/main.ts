// Builds everything that a release publishes, and tries the package as its user would. Publishing is a person's act.
// Run: npm run release -- --dry-run     or: npm run release -- --out dist/0.1.0

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { z } from "zod";
import { checkFlags, describeFlags, readFlags } from "#runtime/flags.ts";
import { USAGE_EXIT_CODE, UsageError } from "#runtime/usage-error.ts";
import { InstalledPackage } from "./installed-package.ts";
import { type Release, writeRelease } from "./release-files.ts";
import { sizeTrouble } from "./size-budgets.ts";

const options = z.strictObject({
  dryRun: z.boolean().default(false).describe("build and check everything, and keep nothing"),
  out: z.string().optional().describe("folder to write the release to"),
});

/** The oldest Node that the package promises to run on, from npm; the newest is the one that runs this. */
const OLDEST_NODE = 22;

try {
  await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  process.stderr.write(`release: ${error.message}\n`);
  process.exitCode = USAGE_EXIT_CODE;
}

async function main(argv: readonly string[]): Promise<void> {
  if (argv.includes("--help")) {
    process.stdout.write(`Usage: npm run release -- --dry-run | --out FOLDER\n\n${describeFlags(options)}\n`);
    return;
  }
  const { dryRun, out } = checkFlags(options, readFlags(options, argv));
  if (dryRun === (out !== undefined)) throw new UsageError("say either --dry-run or --out FOLDER");
  const scratch = mkdtempSync(join(tmpdir(), "berth-release-"));
  try {
    const release = writeRelease(out === undefined ? join(scratch, "release") : resolve(out), progress);
    process.stdout.write(table(release));
    const trouble = release.files.flatMap((file) => sizeTrouble(file) ?? []);
    if (trouble.length > 0) throw new Error(trouble.join("\n"));
    tryPackage(join(scratch, "installed"), release);
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

function tryPackage(folder: string, { version, packageFile }: Release): void {
  progress(`installing the package and Node ${OLDEST_NODE} elsewhere`);
  const installed = InstalledPackage.install(folder, packageFile, OLDEST_NODE);
  for (const node of [installed.node, process.execPath]) {
    const run = (args: readonly string[], isRight: (output: string) => boolean): void => {
      const { command, seconds } = installed.run(node, args, isRight);
      process.stdout.write(`${seconds.toFixed(1).padStart(6)} s  ${command}\n`);
    };
    const under = node === process.execPath ? `Node ${process.version}` : `Node ${OLDEST_NODE}`;
    process.stdout.write(`\nthe package ${version} under ${under}\n`);
    run(["berth", "--help"], (output) => output.includes("\nberth COMMAND --help"));
    run(["kubectl-berth", "--help"], (output) => output.includes("kubectl berth COMMAND --help"));
    run(["berth", "sim", "--nodes=20", "--pods=200", "--json"], hasCompared);
    run(["berth", "start", "--headless", "--speed=max", "--nodes=10", "--pods=100", "--json"], hasServed);
  }
}

function hasCompared(output: string): boolean {
  const { runs } = JSON.parse(output) as { readonly runs: readonly unknown[] };
  return runs.length > 1;
}

function hasServed(output: string): boolean {
  const { pods, proxy } = JSON.parse(output.trimEnd().split("\n").at(-1) ?? "") as {
    readonly pods: { readonly placed: number };
    readonly proxy: { readonly requests: number; readonly failed: number };
  };
  return pods.placed > 0 && proxy.requests > 0 && proxy.failed === 0;
}

function table({ files }: Release): string {
  const width = Math.max(...files.map(({ name }) => name.length));
  return files
    .map(
      ({ name, sizeBytes, sha256 }) =>
        `${name.padEnd(width)}  ${String(sizeBytes).padStart(11)}  ${sha256}\n`,
    )
    .join("");
}

function progress(line: string): void {
  process.stderr.write(`${line}\n`);
}
