// `berth top`: which nodes' proxies, which apps and which instances take most, by what they need and by what they use.

import { connect } from "#kube/connect.ts";
import { noResources, type Resources } from "#model/resources.ts";
import { programName } from "../program-name.ts";
import { reportAndExit } from "#runtime/component.ts";
import { checkFlags, describeFlags, readCommandLine } from "#runtime/flags.ts";
import { UsageError } from "#runtime/usage-error.ts";
import { structured } from "../structured.ts";
import { wantsColour } from "../wants-colour.ts";
import { appFigures, fleetTotals, instanceFigures, nodeFigures } from "#web/policy/fleet-figures.ts";
import { type Sort, type TopOptions, topOptions } from "./fleet-options.ts";
import { appsText, instancesText, nodesText, totalsText } from "./fleet-text.ts";
import { type LiveUsage, readLiveUsage } from "./live-usage.ts";
import { type Fleet, readFleet } from "./read-fleet.ts";
import { shown } from "./watching.ts";

export const topCommand = {
  summary: "list the nodes, apps or instances that take most of the mesh, with what they use now",
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
      `${topCommand.summary}\n\nUsage: ${programName()} top nodes|apps|instances [options]\n\n${describeFlags(topOptions)}\n`,
    );
  const { words, given } = readCommandLine(topOptions, argv);
  const options = checkFlags(topOptions, given);
  const [what = "", ...rest] = words;
  if (!isListed(what) || rest.length > 0)
    throw new UsageError("say what to list: berth top nodes, berth top apps or berth top instances");
  if (what === "nodes" && options.namespace !== undefined)
    throw new UsageError("nodes are in no namespace: --namespace is for apps and instances");
  const { berthNamespace } = options;
  const connection = await connect(options, "berth-top");
  try {
    const text = async (): Promise<string> => {
      const fleet = await readFleet(connection);
      const live = await readLiveUsage(connection, fleet, { berthNamespace, byInstance: what !== "nodes" });
      return LISTINGS[what](fleet, live, options);
    };
    await shown(options, text, out);
  } finally {
    await connection.close();
  }
}

const LISTINGS = {
  nodes: (fleet: Fleet, live: LiveUsage, options: TopOptions) =>
    listing(nodeRows(fleet, live), { fleet, live, options }),
  apps: (fleet: Fleet, live: LiveUsage, options: TopOptions) =>
    listing(appRows(fleet, live, options), { fleet, live, options }),
  instances: (fleet: Fleet, live: LiveUsage, options: TopOptions) =>
    listing(instanceRows(fleet, live, options), { fleet, live, options }),
} as const;

function isListed(what: string): what is keyof typeof LISTINGS {
  return Object.hasOwn(LISTINGS, what);
}

/** What rows are put in order by, beside what they show. */
interface Rows<T> {
  readonly rows: readonly T[];
  readonly name: (row: T) => string;
  readonly pods: (row: T) => number;
  readonly size: (row: T) => Resources;
  readonly used: (row: T) => Resources | null;
  readonly reuse: (row: T) => number | null;
  readonly freeBytes: (row: T) => number;
  readonly text: (
    rows: readonly T[],
    options: { readonly hasColour: boolean; readonly isWide: boolean },
  ) => string;
}

function nodeRows(fleet: Fleet, live: LiveUsage): Rows<ReturnType<typeof nodeFigures>[number]> {
  return {
    rows: nodeFigures(fleet, live),
    name: ({ node }) => node,
    pods: ({ meshPods }) => meshPods,
    size: ({ proxy }) => proxy ?? noResources,
    used: ({ used }) => used,
    reuse: ({ reuse }) => reuse,
    freeBytes: ({ free }) => free.memoryBytes,
    text: nodesText,
  };
}

function appRows(
  fleet: Fleet,
  live: LiveUsage,
  { namespace }: TopOptions,
): Rows<ReturnType<typeof appFigures>[number]> {
  return {
    rows: appFigures(fleet, live).filter(isWithin(namespace)),
    name: ({ app }) => app,
    pods: ({ pods, pending }) => pods + pending,
    size: ({ meshCost }) => meshCost,
    used: ({ used }) => used,
    reuse: ({ reuse }) => reuse,
    freeBytes: () => 0,
    text: appsText,
  };
}

function instanceRows(
  fleet: Fleet,
  live: LiveUsage,
  { namespace }: TopOptions,
): Rows<ReturnType<typeof instanceFigures>[number]> {
  return {
    rows: instanceFigures(fleet, live).filter(isWithin(namespace)),
    name: ({ app, node }) => `${app} ${node}`,
    pods: ({ pods }) => pods,
    size: ({ meshCost }) => meshCost,
    used: ({ used }) => used,
    reuse: ({ pods }) => pods,
    freeBytes: () => 0,
    text: instancesText,
  };
}

function isWithin(namespace: string | undefined) {
  return ({ app }: { readonly app: string }): boolean =>
    namespace === undefined || app.startsWith(`${namespace}/`);
}

interface Looked {
  readonly fleet: Fleet;
  readonly live: LiveUsage;
  readonly options: TopOptions;
}

function listing<T>(kind: Rows<T>, { fleet, live, options }: Looked): string {
  const { sort, limit, output } = options;
  const totals = fleetTotals(fleet, live);
  const rows = kind.rows.toSorted(order(kind, sort)).slice(0, limit);
  const value = { totals, rows, missing: live.missing ?? null };
  const hidden = kind.rows.length - rows.length;
  const table = (): string => kind.text(rows, { hasColour: wantsColour(), isWide: output === "wide" });
  const rest = hidden === 0 ? "" : `and ${hidden} more: --limit\n`;
  const note = live.missing === undefined ? "" : `\n${live.missing}\n`;
  return structured(output, value) ?? `${totalsText(totals)}\n${table()}${rest}${note}`;
}

function order<T>({ name, pods, size, used, reuse, freeBytes }: Rows<T>, sort: Sort) {
  const rank: Readonly<Record<Sort, (row: T) => number>> = {
    pods: (row) => -pods(row),
    memory: (row) => -size(row).memoryBytes,
    cpu: (row) => -size(row).cpuMilli,
    // What is not known comes last.
    "used-memory": (row) => -(used(row)?.memoryBytes ?? -1),
    "used-cpu": (row) => -(used(row)?.cpuMilli ?? -1),
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
