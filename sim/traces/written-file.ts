// A file for one test, removed after it.

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";

export interface WrittenFile {
  readonly name: string;
  readonly content: string | Uint8Array;
}

/** Writes the files into a new folder and returns their paths in order. */
export async function writtenFiles(t: TestContext, files: readonly WrittenFile[]): Promise<string[]> {
  const folder = await mkdtemp(join(tmpdir(), "berth-"));
  t.after(() => rm(folder, { recursive: true }));
  return Promise.all(
    files.map(async ({ name, content }) => {
      const path = join(folder, name);
      await writeFile(path, content);
      return path;
    }),
  );
}

export async function writtenFile(
  t: TestContext,
  name: string,
  content: string | Uint8Array,
): Promise<string> {
  const [path = ""] = await writtenFiles(t, [{ name, content }]);
  return path;
}
