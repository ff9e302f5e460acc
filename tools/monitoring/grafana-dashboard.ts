// A dashboard as Grafana imports it (the classic JSON model, schema 39: Grafana 10.4 and newer).

import type { Dashboard, Panel } from "./dashboard.ts";
import { anchor, GUIDE } from "./runbooks.ts";

const SCHEMA_VERSION = 39;
const COLUMNS = 24;
const NOW = { width: 6, height: 5 };
const COURSE = { width: 12, height: 8 };
const REF_IDS = "ABCDEFGH";
const DATASOURCE = { type: "prometheus", uid: "${datasource}" };

/** A variable, since only those who install it know where they read the documents. */
const RUNBOOKS = "${runbooks}";

/** The JSON model, as an object. */
export function grafanaDashboard({ name, title, panels }: Dashboard): object {
  return {
    uid: `berth-${name}`,
    title,
    tags: ["berth"],
    schemaVersion: SCHEMA_VERSION,
    editable: false,
    graphTooltip: 1,
    refresh: "30s",
    time: { from: "now-6h", to: "now" },
    templating: { list: variables(panels) },
    links: [
      {
        type: "dashboards",
        title: "Berth",
        tags: ["berth"],
        asDropdown: true,
        keepTime: true,
        includeVars: true,
      },
      { type: "link", title: "Runbooks", url: RUNBOOKS, icon: "doc", targetBlank: true },
    ],
    panels: placed(panels),
  };
}

function variables(panels: readonly Panel[]): readonly object[] {
  const datasource = { name: "datasource", label: "Prometheus", type: "datasource", query: "prometheus" };
  const app = {
    name: "app",
    label: "App",
    type: "query",
    datasource: DATASOURCE,
    query: { query: "label_values(berth_proxy_requests_total, app)", refId: "app" },
    refresh: 2,
    multi: true,
    includeAll: true,
    allValue: ".*",
    current: { text: "All", value: "$__all" },
  };
  const usesApp = panels.some(({ queries }) => queries.some(({ expr }) => expr.includes("$app")));
  const current = { text: GUIDE, value: GUIDE };
  const label = "Address of the runbooks";
  const runbooks = { name: "runbooks", label, type: "textbox", query: GUIDE, current };
  return usesApp ? [datasource, app, runbooks] : [datasource, runbooks];
}

// From left to right and from above, each row as high as its panels: those that show how it stands come first.
function placed(panels: readonly Panel[]): readonly object[] {
  let x = 0;
  let y = 0;
  let rowHeight = 0;
  return panels.map((panel, index) => {
    const { width, height } = panel.shows === "now" ? NOW : COURSE;
    if (x + width > COLUMNS || (rowHeight !== 0 && height !== rowHeight)) {
      y += rowHeight;
      x = 0;
    }
    const gridPos = { x, y, w: width, h: height };
    x += width;
    rowHeight = height;
    return { id: index + 1, gridPos, ...panelModel(panel) };
  });
}

function panelModel({
  title,
  unit,
  shows = "course",
  queries,
  description,
  runbook,
  onlyWith,
}: Panel): object {
  const notes = [description, onlyWith === undefined ? undefined : `Only with ${onlyWith}.`];
  const text = notes.filter((note) => note !== undefined).join(" ");
  return {
    type: shows === "now" ? "stat" : "timeseries",
    title,
    ...(text === "" ? {} : { description: text }),
    ...(runbook !== undefined && {
      links: [{ title: runbook, url: `${RUNBOOKS}#${anchor(runbook)}`, targetBlank: true }],
    }),
    datasource: DATASOURCE,
    targets: queries.map(({ expr, legend }, index) => ({
      refId: REF_IDS[index] ?? `Q${index}`,
      datasource: DATASOURCE,
      expr,
      legendFormat: legend,
      ...(shows === "now" ? { instant: true } : { range: true }),
    })),
    fieldConfig: { defaults: { unit: unit === "cores" ? "short" : unit, min: 0 }, overrides: [] },
    options:
      shows === "now"
        ? { reduceOptions: { calcs: ["lastNotNull"] }, colorMode: "none", graphMode: "none" }
        : { legend: { displayMode: "list", placement: "bottom" }, tooltip: { mode: "multi", sort: "desc" } },
  };
}
