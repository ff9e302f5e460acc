// The files that a scenario is made of beside itself, each with its hash: what a result depends on.

import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { resolve } from "node:path";
import { UsageError } from "#runtime/usage-error.ts";
import type { Scenario } from "./scenario-schema.ts";
import { isScorerFile } from "./scorer.ts";

export interface InputFile {
  /** As the scenario names it. */
  readonly file: string;
  readonly sha256: string;
}

/** @throws UsageError for a file that cannot be read. */
export async function inputFiles(scenario: Scenario, folder: string): Promise<readonly InputFile[]> {
  const files: InputFile[] = [];
  for (const file of fileNames(scenario)) files.push({ file, sha256: await hashOf(resolve(folder, file)) });
  return files;
}

/** As the scenario names them. */
export function fileNames({ workload: { trace }, fleet, usage, policies }: Scenario): readonly string[] {
  const names = [
    trace?.file,
    trace?.apps,
    trace?.usage,
    fleet.table,
    usage?.curves,
    ...policies.filter(isScorerFile),
  ];
  return names.filter((name) => name !== undefined);
}

async function hashOf(path: string): Promise<string> {
  const hash = createHash("sha256");
  try {
    for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  } catch (error) {
    throw new UsageError(`${path}: cannot be read (${(error as Error).message})`, { cause: error });
  }
  return hash.digest("hex");
}
