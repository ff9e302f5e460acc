// What people read: every document of the project except those that are generated or tell history.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { PROJECT_ROOT, trackedFiles, walkedFiles } from "#tools/laws/project-files.ts";

export const ROOT = PROJECT_ROOT;

export interface Document {
  /** From the repository's root. */
  readonly path: string;
  readonly text: string;
}

export function documents(): readonly Document[] {
  const paths = (trackedFiles() ?? walkedFiles()).filter(
    (path) =>
      path.endsWith(".md") && !path.startsWith("docs/decisions/") && !path.startsWith("docs/reference/"),
  );
  return paths.map((path) => ({ path, text: readFileSync(join(ROOT, path), "utf8") }));
}

/** The lines of a document's shell blocks, without comments; a line that goes on is one. */
export function shellLines({ text }: Document): readonly string[] {
  return [...text.matchAll(/^[ ]*```sh\n(.*?)^[ ]*```/gms)]
    .flatMap(([, block = ""]) => block.replaceAll("\\\n", " ").split("\n"))
    .map((line) => line.replace(/(^|\s)#.*$/, "").trim())
    .filter((line) => line !== "");
}

/** Targets of relative links, without their anchors. */
export function relativeLinks({ text }: Document): readonly string[] {
  return [...text.matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, target = ""]) => {
    const [file = ""] = target.split("#");
    return file === "" || /^[a-z]+:/.test(file) ? [] : [file];
  });
}
