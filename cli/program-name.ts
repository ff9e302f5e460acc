// What the user typed: `berth`, or `kubectl berth` where kubectl ran it as a plugin. kubectl finds plugins by their file's
// name on PATH, and package.json has npm put the same file there under both names.

import { basename } from "node:path";

export const PLUGIN_FILE = "kubectl-berth";

/** For usage texts. */
export function programName(file = process.argv[1] ?? ""): string {
  return basename(file).startsWith(PLUGIN_FILE) ? "kubectl berth" : "berth";
}
