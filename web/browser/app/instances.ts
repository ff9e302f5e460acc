// The app's instances, a row for each node.

import { type ComponentChild, h } from "preact";
import type { ExplainedInstance } from "#web/policy/app-explanation.ts";
import { countText, cpuText, memoryText, plural } from "#web/policy/format.ts";
import { DataTable, type Row } from "../parts/data-table.ts";
import { hrefTo } from "../shell/router.ts";

export interface InstancesProps {
  readonly app: string;
  readonly instances: readonly ExplainedInstance[];
}

export function Instances({ app, instances }: InstancesProps): ComponentChild {
  const rows = instances.toSorted((a, b) => b.pods - a.pods || (a.node < b.node ? -1 : 1));
  return h(DataTable, {
    caption: `${plural(rows.length, "instance")}, those with most pods first`,
    empty: "It runs on no node at present.",
    columns: [
      { head: "Node" },
      { head: "Pods", isNumber: true },
      {
        head: "Memory needed",
        isNumber: true,
        title: "By the costs that count, before the node's correction",
      },
      { head: "Memory used", isNumber: true, title: "As the recommender measured it last" },
      { head: "Guaranteed", isNumber: true, title: "What it gets of the proxy whatever the others do" },
      { head: "At most", isNumber: true, title: "With what others lend" },
      { head: "CPU needed", isNumber: true },
      { head: "CPU used", isNumber: true, title: "As the recommender measured it last" },
      { head: "Connections", isNumber: true },
      { head: "Requests a second", isNumber: true, title: "Both directions together" },
      { head: "Held back", title: "Its CPU is used up" },
    ],
    rows: rows.map((instance) => row(app, instance)),
  });
}

function row(app: string, { node, pods, needs, share, used }: ExplainedInstance): Row {
  const known = <T>(value: T | undefined, text: (value: T) => string): string =>
    value === undefined ? "–" : text(value);
  return {
    key: node,
    isWarned: used?.isThrottled === true,
    cells: [
      h("a", { href: hrefTo("map", { node, app }) }, node),
      countText(pods),
      memoryText(needs.memoryBytes),
      known(used?.memoryBytes, memoryText),
      known(share?.guaranteed.memoryBytes, memoryText),
      known(share?.cap.memoryBytes, memoryText),
      cpuText(needs.cpuMilli),
      known(used?.cpuMilli, cpuText),
      known(used?.connections, countText),
      known(used?.requestsPerSecond, (rate) => rate.toFixed(1)),
      known(used?.isThrottled, (isHeld) => (isHeld ? "yes" : "no")),
    ],
  };
}
