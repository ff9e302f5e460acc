import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { PROJECT_ROOT } from "#tools/laws/project-files.ts";
import { baseObject } from "#test/manifests/manifest-files.ts";
import { containerOf, proxySettings, type Workload } from "#test/manifests/workload.ts";
import { ALERTS } from "./alerts.ts";
import { DASHBOARDS, MONITORING_FOLDER, monitoringFiles } from "./monitoring-files.ts";
import { USAGE_PORT } from "./monitors.ts";
import { GUIDE, runbookUrl } from "./runbooks.ts";

const read = (path: string): string => readFileSync(join(PROJECT_ROOT, path), "utf8");
const known = new Set(
  [...read("docs/reference/metrics.md").matchAll(/^\| `(berth_\w+)`/gm)].map(([, name]) => name),
);

const expressions = [
  ...ALERTS.map(({ name, expr }) => ({ where: name, expr })),
  ...DASHBOARDS.flatMap(({ name, panels }) =>
    panels.flatMap(({ title, queries }) => queries.map(({ expr }) => ({ where: `${name}: ${title}`, expr }))),
  ),
];

test("manifests/components/monitoring is what its sources say; npm run monitoring writes it", () => {
  const written = readdirSync(MONITORING_FOLDER, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  assert.equal(written.length, monitoringFiles().size);
  for (const [name, text] of monitoringFiles())
    assert.equal(readFileSync(new URL(name, MONITORING_FOLDER), "utf8"), text, name);
});

test("every metric that is asked for is one of the reference's", () => {
  let read = 0;
  for (const { where, expr } of expressions) {
    const names = [...expr.matchAll(/\bberth_\w+/g)].map(([name]) =>
      name.replace(/_(bucket|sum|count)$/, ""),
    );
    assert.ok(names.length > 0, where);
    for (const name of names) assert.ok(known.has(name), `${where}: ${name}`);
    read += names.length;
  }
  assert.ok(read > 80 && known.size > 60, `${read} of ${known.size}`);
});

test("every panel is titled with its question, and no dashboard asks one twice", () => {
  for (const { name, title, panels } of DASHBOARDS) {
    const titles = panels.map((panel) => panel.title);
    for (const question of [title, ...titles]) assert.match(question, /\?$/, name);
    assert.deepEqual(titles, [...new Set(titles)]);
  }
});

test("every alert's and panel's runbook is a heading of the guide, and every alert has a name of its own", () => {
  const headings = new Set([...read(GUIDE).matchAll(/^## (.+)$/gm)].map(([, heading]) => heading));
  for (const { name, runbook } of ALERTS) assert.ok(headings.has(runbook), `${name}: ${runbook}`);
  for (const { name, panels } of DASHBOARDS) {
    const led = panels.flatMap(({ runbook }) => runbook ?? []);
    assert.ok(led.length >= 4, `${name}: ${led.length} panels lead to a runbook`);
    for (const runbook of led) assert.ok(headings.has(runbook), `${name}: ${runbook}`);
  }
  const names = ALERTS.map(({ name }) => name);
  assert.deepEqual(names, [...new Set(names)]);
  assert.equal(runbookUrl("A node's proxy is too small"), `${GUIDE}#a-nodes-proxy-is-too-small`);
});

test("panels lie side by side without covering each other", () => {
  for (const [name, text] of monitoringFiles()) {
    if (!name.startsWith("dashboards/")) continue;
    const { panels } = JSON.parse(text) as {
      panels: readonly { readonly gridPos: { x: number; y: number; w: number; h: number } }[];
    };
    const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, cell) => `${x + (cell % w)},${y + Math.floor(cell / w)}`),
    );
    assert.equal(new Set(cells).size, cells.length, name);
    assert.ok(panels.every(({ gridPos: { x, w } }) => x + w <= 24));
  }
});

test("the port that proxies are scraped at is the one that they serve their usage on", () => {
  assert.equal(
    proxySettings(containerOf(baseObject<Workload>("DaemonSet", "berth-proxy"))).usagePort,
    USAGE_PORT,
  );
});
