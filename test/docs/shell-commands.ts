// What documents tell people to type: every command of every shell block, and where it is run by a test. A command is a
// line; what is indented deeper than its block's first line belongs to the line before.

import { type Document, documents } from "./documents.ts";

export interface ShellCommand {
  readonly document: string;
  /** As it stands there, without comments at its end. */
  readonly text: string;
  /** Of its document's blocks, from 0. */
  readonly block: number;
}

/** Here: by `npm test`. Cluster: by `npm run e2e`, on the real control plane. Else the reason why by neither. */
export type RunBy = "here" | "cluster" | { readonly notRun: string };

/** The first that matches counts; one that matches nothing is out of date. */
const RULES: readonly (readonly [command: RegExp, run: RunBy])[] = [
  [/^npm ci\b/, { notRun: "CI begins with it (.ci/run)" }],
  [/^npm run check$/, { notRun: "CI runs it (.ci/run)" }],
  [/^npm (install -g|pack)\b/, { notRun: "npm run release -- --dry-run installs the package elsewhere" }],
  [/^helm /, { notRun: "npm run chart:check builds Helm and judges the chart by it" }],
  [/^(kubeadm|install) /, { notRun: "it is for a control plane's node, which no suite has" }],
  [/…/, { notRun: "something is left for the reader to fill in" }],
  [/^curl /, { notRun: "it asks what was started before; web/ tests the UI's routes" }],
  [/^kubectl .*\blogs /, { notRun: "the suite's nodes have no kubelet to ask for logs" }],
  [/\bberth (-- )?ui\b/, { notRun: "it serves until it is stopped; web/ tests it" }],
  [/^npm run --silent bench /, { notRun: "it needs published traces, which are not in the repository" }],
  [/^npm start -- --help$/, "here"],
  [/^npm run --silent sim -- --trace /, "here"],
  [/^npm run --silent sim -- --print-scenario/, "here"],
  [/^npm run --silent berth -- plan /, "here"],
  // Half a minute and more together: where there is time.
  [/^npm start\b/, "cluster"],
  [/^npm run --silent sim /, "cluster"],
  [/^npm run --silent berth -- sweep /, "cluster"],
  [/^(kubectl|berth|pod=\$\(kubectl) ?/, "cluster"],
];

export interface PlannedCommand extends ShellCommand {
  /** Undefined: no rule knows it. */
  readonly run: RunBy | undefined;
}

export function shellCommands(): readonly PlannedCommand[] {
  return documents()
    .flatMap(commandsOf)
    .map((command) => ({ ...command, run: RULES.find(([match]) => match.test(command.text))?.[1] }));
}

function commandsOf({ path, text }: Document): readonly ShellCommand[] {
  return [...text.matchAll(/^([ ]*)```sh\n(.*?)^[ ]*```/gms)].flatMap(([, indent = "", body = ""], block) =>
    body
      .split("\n")
      .map((line) => line.slice(indent.length))
      .reduce<string[]>((lines, line) => {
        const last = lines.pop();
        if (/^\s/.test(line) && last !== undefined) return [...lines, `${last}\n${line}`];
        return [...lines, ...(last === undefined ? [] : [last]), line];
      }, [])
      .map((line) => line.replace(/\s+# .*$/, "").trim())
      .filter((line) => line !== "" && !line.startsWith("#"))
      .map((line) => ({ document: path, text: line, block })),
  );
}
