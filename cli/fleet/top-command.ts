// `berth top`: which nodes' proxies and which apps take most.

import { stringify } from "yaml";
import { connect } from "#kube/connect.ts";
import type { Resources } from "#model/resources.ts";
import { reportAndExit } from "#runtime/component.ts";
import { checkFlags, describeFlags, readFlags } from "#runtime/flags.ts";
import { UsageError } from "#runtime/usage-error.ts";
import { appFigures, fleetTotals, nodeFigures } from "./fleet-figures.ts";
import { type TopOptions, topOptions } from "./fleet-options.ts";
import { appsText, nodesText, totalsText } from "./fleet-text.ts";
import { type Fleet, readFleet } from "./read-fleet.ts";
import { wantsColour } from "../wants-colour.ts";
import { shown } from "./watching.ts";

export const topCommand = {
  summary: "list the nodes or the apps that take most of the mesh",
  async run(argv: readonly string[]): Promise<void> {
    try {
      await runTop(argv, (text) => void process.stdout.write(text));
    } catch (error) {
      reportAndExit(error);
    }
  },
};

/** @throws UsageError for options that cannot work, and for an API server that does not answer. */
export async function runTop(argv: readonly string[], out: (text: string) => void): Promise<void> {
  if (argv.includes("--help") || argv.includes("-h"))
    return out(
      `${topCommand.summary}\n\nUsage: berth top nodes|apps [options]\n\n${describeFlags(topOptions)}\n`,
    );
  const [what, ...flags] = argv;
  if (what !== "nodes" && what !== "apps")
    throw new UsageError("say what to list: berth top nodes, or berth top apps");
  const options = checkFlags(topOptions, readFlags(topOptions, flags));
  const connection = await connect(options, "berth-top");
  try {
    const text = async (): Promise<string> => {
      const fleet = await readFleet(connection);
      return what === "nodes"
        ? listing(nodeRows(fleet), fleet, options)
        : listing(appRows(fleet), fleet, options);
    };
    await shown(options, text, out);
  } finally {
    await connection.close();
  }
}

/** What rows are put in order by, beside what they show. */
interface Rows<T> {
  readonly rows: readonly T[];
  readonly name: (row: T) => string;
  readonly pods: (row: T) => number;
  readonly size: (row: T) => Resources;
  readonly reuse: (row: T) => number | null;
  readonly freeBytes: (row: T) => number;
  readonly text: (
    rows: readonly T[],
    options: { readonly hasColour: boolean; readonly isWide: boolean },
  ) => string;
}

const NOTHING: Resources = { cpuMilli: 0, memoryBytes: 0 };

function nodeRows(fleet: Fleet): Rows<ReturnType<typeof nodeFigures>[number]> {
  return {
    rows: nodeFigures(fleet),
    name: ({ node }) => node,
    pods: ({ meshPods }) => meshPods,
    size: ({ proxy }) => proxy ?? NOTHING,
    reuse: ({ reuse }) => reuse,
    freeBytes: ({ free }) => free.memoryBytes,
    text: nodesText,
  };
}

function appRows(fleet: Fleet): Rows<ReturnType<typeof appFigures>[number]> {
  return {
    rows: appFigures(fleet),
    name: ({ app }) => app,
    pods: ({ pods, pending }) => pods + pending,
    size: ({ meshCost }) => meshCost,
    reuse: ({ reuse }) => reuse,
    freeBytes: () => 0,
    text: appsText,
  };
}

function listing<T>(kind: Rows<T>, fleet: Fleet, { sort, limit, output }: TopOptions): string {
  const totals = fleetTotals(fleet);
  const rows = kind.rows.toSorted(order(kind, sort)).slice(0, limit);
  if (output === "json") return `${JSON.stringify({ totals, rows })}\n`;
  if (output === "yaml") return stringify({ totals, rows });
  const hidden = kind.rows.length - rows.length;
  const table = kind.text(rows, { hasColour: wantsColour(), isWide: output === "wide" });
  return `${totalsText(totals)}\n${table}${hidden === 0 ? "" : `and ${hidden} more: --limit\n`}`;
}

function order<T>({ name, pods, size, reuse, freeBytes }: Rows<T>, sort: TopOptions["sort"]) {
  const rank: Readonly<Record<TopOptions["sort"], (row: T) => number>> = {
    pods: (row) => -pods(row),
    memory: (row) => -size(row).memoryBytes,
    cpu: (row) => -size(row).cpuMilli,
    // What shares nothing because there is nothing comes last.
    reuse: (row) => reuse(row) ?? Number.POSITIVE_INFINITY,
    free: freeBytes,
    name: () => 0,
  };
  return (one: T, other: T): number => {
    const [a, b] = [rank[sort](one), rank[sort](other)];
    if (a !== b) return a < b ? -1 : 1;
    return name(one) < name(other) ? -1 : 1;
  };
}
