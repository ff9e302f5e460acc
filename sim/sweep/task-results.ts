// The results of a sweep in a folder: one task, one file that is written whole or not at all and never again. Its name
// is a hash of all that the result depends on, so that a run that is taken up again, or that another machine began,
// finds what is done, and a changed scenario finds nothing.

import { createHash, randomBytes } from "node:crypto";
import { existsSync, linkSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { UsageError } from "#runtime/usage-error.ts";
import type { InputFile } from "../scenario/scenario-inputs.ts";
import type { SweepPoint, SweepTask } from "./sweep-tasks.ts";
import type { TaskRun } from "./task-run.ts";

export interface TaskResult {
  readonly version: string;
  readonly inputs: readonly InputFile[];
  readonly point: SweepPoint;
  /** One per base of an instance and order of arrivals, and one more for each way its proxies were sized. */
  readonly runs: readonly TaskRun[];
}

/** What tasks depend on beside themselves. */
export interface SweepGround {
  /** Of Berth: another version may decide otherwise. */
  readonly version: string;
  readonly inputs: readonly InputFile[];
}

/** The name of a task's result: equal for equal scenarios, input files and versions, wherever they stand. */
export function taskKey({ point, scenario }: SweepTask, { version, inputs }: SweepGround): string {
  const text = JSON.stringify({ version, inputs, point, scenario });
  return createHash("sha256").update(text).digest("hex").slice(0, KEY_LENGTH);
}

/** 128 bits: no two tasks share a name by accident. */
const KEY_LENGTH = 32;

export class ResultFolder {
  readonly #folder: string;

  /** @throws UsageError if the folder can neither be found nor made. */
  constructor(folder: string) {
    this.#folder = folder;
    try {
      mkdirSync(folder, { recursive: true });
    } catch (error) {
      throw new UsageError(`${folder}: cannot be made a folder (${(error as Error).message})`, {
        cause: error,
      });
    }
  }

  has(key: string): boolean {
    return existsSync(this.#path(key));
  }

  /** Names of all results there are. */
  keys(): ReadonlySet<string> {
    return new Set(
      readdirSync(this.#folder).flatMap((name) =>
        RESULT_NAME.test(name) ? [name.slice(0, KEY_LENGTH)] : [],
      ),
    );
  }

  /** Leaves a result that is there already: whoever wrote it had the same. */
  write(key: string, result: TaskResult): void {
    const temporary = join(this.#folder, `.${key}.${randomBytes(6).toString("hex")}.tmp`);
    try {
      writeFileSync(temporary, `${JSON.stringify(result)}\n`, { flag: "wx", mode: 0o444 });
      // A link, unlike a rename, replaces nothing.
      linkSync(temporary, this.#path(key));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    } finally {
      rmSync(temporary, { force: true });
    }
  }

  /** @throws UsageError if the file is not what a sweep wrote. */
  read(key: string): TaskResult {
    const path = this.#path(key);
    try {
      return resultSchema.parse(JSON.parse(readFileSync(path, "utf8"))) as unknown as TaskResult;
    } catch (error) {
      throw new UsageError(`${path}: is no result of a sweep; remove it and run the sweep again`, {
        cause: error,
      });
    }
  }

  #path(key: string): string {
    return join(this.#folder, `${key}.json`);
  }
}

const RESULT_NAME = new RegExp(`^[0-9a-f]{${KEY_LENGTH}}\\.json$`);

const resultSchema = z.strictObject({
  version: z.string(),
  inputs: z.array(z.strictObject({ file: z.string(), sha256: z.string() })),
  point: z.looseObject({ policy: z.string(), seed: z.number() }),
  runs: z.array(
    z.looseObject({
      base: z.string(),
      order: z.string(),
      sizing: z.string().optional(),
      figures: z.record(z.string(), z.number().nullable()),
    }),
  ),
});
