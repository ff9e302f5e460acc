// The app's instances, a row for each node.

import { type ComponentChild, h } from "preact";
import type { ExplainedInstance } from "#web/policy/app-explanation.ts";
import { countText, cpuText, memoryText, plural } from "#web/policy/format.ts";
import { type Column, DataTable, type Row } from "../parts/data-table.ts";
import { hrefTo } from "../shell/router.ts";

export interface InstancesProps {
  readonly app: string;
  readonly instances: readonly ExplainedInstance[];
}

export function Instances({ app, instances }: InstancesProps): ComponentChild {
  const rows = instances.toSorted((a, b) => b.pods - a.pods || (a.node < b.node ? -1 : 1));
  const columns = columnsOf(instances);
  return h(DataTable, {
    caption: `${plural(rows.length, "instance")}, those with most pods first`,
    empty: "It runs on no node at present.",
    columns: [{ head: "Node" }, ...columns],
    rows: rows.map((instance): Row => ({
      key: instance.node,
      isWarned: instance.used?.isThrottled === true,
      cells: [
        h("a", { href: hrefTo("map", { node: instance.node, app }) }, instance.node),
        ...columns.map(({ text }) => text(instance) ?? "–"),
      ],
    })),
  });
}

interface InstanceColumn extends Column {
  /** Undefined where it is not known. */
  readonly text: (instance: ExplainedInstance) => string | undefined;
}

/** What is known of none is no column: a thousand dashes say less than that the card above says what is missing. */
function columnsOf(instances: readonly ExplainedInstance[]): readonly InstanceColumn[] {
  return COLUMNS.filter(({ text }) => instances.some((instance) => text(instance) !== undefined));
}

const MEASURED = "As the recommender measured it last";

const COLUMNS: readonly InstanceColumn[] = [
  { head: "Pods", isNumber: true, text: ({ pods }) => countText(pods) },
  {
    head: "Memory needed",
    isNumber: true,
    title: "By the costs that count, before the node's correction",
    text: ({ needs }) => memoryText(needs.memoryBytes),
  },
  {
    head: "Memory used",
    isNumber: true,
    title: MEASURED,
    text: ({ used }) => known(used, ({ memoryBytes }) => memoryText(memoryBytes)),
  },
  {
    head: "Guaranteed",
    isNumber: true,
    title: "What it gets of the proxy whatever the others do",
    text: ({ share }) => known(share, ({ guaranteed }) => memoryText(guaranteed.memoryBytes)),
  },
  {
    head: "At most",
    isNumber: true,
    title: "With what others lend",
    text: ({ share }) => known(share, ({ cap }) => memoryText(cap.memoryBytes)),
  },
  { head: "CPU needed", isNumber: true, text: ({ needs }) => cpuText(needs.cpuMilli) },
  {
    head: "CPU used",
    isNumber: true,
    title: MEASURED,
    text: ({ used }) => known(used, ({ cpuMilli }) => cpuText(cpuMilli)),
  },
  {
    head: "Connections",
    isNumber: true,
    text: ({ used }) => known(used, ({ connections }) => countText(connections)),
  },
  {
    head: "Requests a second",
    isNumber: true,
    title: "Both directions together",
    text: ({ used }) => used?.requestsPerSecond.toFixed(1),
  },
  {
    head: "Held back",
    title: "Its CPU is used up",
    text: ({ used }) => known(used, ({ isThrottled }) => (isThrottled ? "yes" : "no")),
  },
];

function known<T>(value: T | null, text: (value: T) => string): string | undefined {
  return value === null ? undefined : text(value);
}
