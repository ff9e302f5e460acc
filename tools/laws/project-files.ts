// Which TypeScript files the laws hold for: what git tracks, or everything where there is no git, as in a tarball.

import { spawnSync } from "node:child_process";
import { readdirSync, realpathSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";

export const PROJECT_ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** Paths from the root with forward slashes, sorted. */
export function typeScriptFiles(root = PROJECT_ROOT): readonly string[] {
  return (trackedFiles(root) ?? walkedFiles(root)).filter(isTypeScript).sort();
}

/** Undefined where the root is not itself a git checkout or there is no git to ask. */
export function trackedFiles(root = PROJECT_ROOT): readonly string[] | undefined {
  const top = git(root, "rev-parse", "--show-toplevel")?.trim();
  if (top === undefined || realpathSync(top) !== realpathSync(root)) return undefined;
  const tracked = git(root, "ls-files", "-z");
  if (tracked === undefined) return undefined;
  return tracked.split("\0").filter((path) => path !== "");
}

/** Every file but those that npm, builds and caches leave behind. */
export function walkedFiles(root = PROJECT_ROOT): readonly string[] {
  const files: string[] = [];
  const pending = [root];
  for (let folder = pending.pop(); folder !== undefined; folder = pending.pop()) {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name);
      if (entry.isFile()) files.push(relative(root, path).split(sep).join("/"));
      else if (entry.isDirectory() && !SKIPPED_FOLDERS.has(entry.name)) pending.push(path);
    }
  }
  return files;
}

const SKIPPED_FOLDERS = new Set(["node_modules", "dist", ".git", ".cache"]);

function isTypeScript(path: string): boolean {
  return /\.[cm]?tsx?$/.test(path);
}

function git(root: string, ...args: readonly string[]): string | undefined {
  const { status, stdout } = spawnSync("git", ["-C", root, ...args], {
    encoding: "utf8",
    maxBuffer: 64 * 1024 ** 2,
  });
  return status === 0 ? stdout : undefined;
}
