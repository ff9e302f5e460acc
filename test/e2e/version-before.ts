// The version before this one, as a user would still run it: its sources and manifests out of the repository's history.

import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** As CHANGELOG.md has it. Whoever releases a version moves this on to it. */
export const VERSION_BEFORE = {
  version: "0.1.0",
  commit: "9f71e3639461009676d41a5acbcca5d3873b1d0b",
} as const;

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const ARCHIVE_BYTES_MAX = 200 * 1024 ** 2;

/**
 * Why the version before cannot be had here: undefined if it can.
 *
 * @throws Error in a clone with its whole history that lacks the commit: then the history was written anew.
 */
export function whyMissing(): string | undefined {
  const shallow = git("rev-parse", "--is-shallow-repository")?.toString().trim();
  if (shallow === undefined) return "this is no git checkout, so the version before is not at hand";
  if (git("cat-file", "-e", `${VERSION_BEFORE.commit}^{commit}`) !== undefined) return undefined;
  if (shallow === "true") return "this clone is shallow, and the version before is not in it";
  throw new Error(`the commit ${VERSION_BEFORE.commit} of ${VERSION_BEFORE.version} is not in this history`);
}

/** Writes the version before to a new folder; its dependencies are this version's. */
export function checkOutVersionBefore(folder: string): void {
  const archive = git("archive", "--format=tar", VERSION_BEFORE.commit);
  if (archive === undefined) throw new Error(`git archive ${VERSION_BEFORE.commit} failed`);
  mkdirSync(folder);
  execFileSync("tar", ["-x", "-C", folder], { input: archive });
  symlinkSync(join(ROOT, "node_modules"), join(folder, "node_modules"));
  const { version } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as { version: string };
  if (version !== VERSION_BEFORE.version) throw new Error(`the commit is of ${version}`);
}

function git(...args: readonly string[]): Buffer | undefined {
  try {
    return execFileSync("git", args, {
      cwd: ROOT,
      maxBuffer: ARCHIVE_BYTES_MAX,
      stdio: ["ignore", "pipe", "ignore"],
    });
  } catch {
    // No git, no checkout or no such commit: the caller says which.
    return undefined;
  }
}
