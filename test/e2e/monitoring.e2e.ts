// Alerts and dashboards on a real Prometheus: promtool reads the rules and has each fire, and every query is asked of a
// Prometheus that scrapes a real `npm start`.

import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { ALERTS } from "#tools/monitoring/alerts.ts";
import { RATE } from "#tools/monitoring/dashboard.ts";
import { DASHBOARDS } from "#tools/monitoring/monitoring-files.ts";
import { ruleGroups, ruleTests } from "#tools/monitoring/prometheus-rule.ts";
import { prometheusMissing, RealPrometheus, type Target } from "./real-prometheus.ts";

const skip = prometheusMissing();
const BERTH = fileURLToPath(new URL("../../cli/berth.ts", import.meta.url));
/** The run goes on while Prometheus is asked, and is ended by then. */
const RUN_SECONDS_MAX = 240;
const READY_MS_MAX = 60_000;
/** Dashboards ask for rates over four scrapes at least; here one is made each second. */
const RATE_SECONDS = 10;
const DATA_MS_MAX = 90_000;
const ASKED_EVERY_MS = 2_000;

test(
  "promtool finds the rules right, and each alert fires when it should and only then",
  { skip },
  async (t) => {
    const folder = mkdtempSync(join(tmpdir(), "berth-rules-"));
    t.after(() => rmSync(folder, { recursive: true }));
    // JSON is YAML.
    writeFileSync(join(folder, "rules.json"), JSON.stringify(ruleGroups(ALERTS)));
    writeFileSync(join(folder, "tests.json"), JSON.stringify(ruleTests(ALERTS, "rules.json")));
    const promtool = (...args: readonly string[]) => promisify(execFile)("promtool", args, { cwd: folder });
    const { stdout } = await promtool("check", "rules", "rules.json");
    assert.match(stdout, new RegExp(`${ALERTS.length} rules found`));
    await promtool("test", "rules", "tests.json");
  },
);

test(
  "every panel of every dashboard shows something of a running fleet, and no alert fires there",
  { skip },
  async (t) => {
    await using prometheus = await RealPrometheus.start(await runningFleet(t));
    const panels = DASHBOARDS.flatMap(({ name, panels: all }) => all.map((panel) => ({ name, ...panel })));
    const asked = panels.filter(({ onlyWith }) => onlyWith === undefined);
    let empty = asked.flatMap(({ name, title, queries }) =>
      queries.map(({ expr }) => ({ where: `${name}: ${title}`, expr: inTest(expr) })),
    );
    const count = empty.length;
    const untilMs = performance.now() + DATA_MS_MAX;
    while (empty.length > 0 && performance.now() < untilMs) {
      await delay(ASKED_EVERY_MS);
      const answers = await Promise.all(empty.map(({ expr }) => hasNumbers(prometheus.address, expr)));
      empty = empty.filter((_, index) => answers[index] !== true);
    }
    assert.deepEqual(empty, []);
    t.diagnostic(
      `${count} queries of ${asked.length} panels answered; ${panels.length - asked.length} need what npm start has not`,
    );
    const firing = await Promise.all(
      ALERTS.map(async ({ name, expr }) =>
        (await samples(prometheus.address, expr)).length > 0 ? [name] : [],
      ),
    );
    assert.deepEqual(firing.flat(), []);
  },
);

/** What a dashboard's variables are in this test. */
function inTest(expr: string): string {
  return expr.replaceAll(RATE, `${RATE_SECONDS}s`).replaceAll("$app", ".*");
}

async function hasNumbers(address: string, expr: string): Promise<boolean> {
  return (await samples(address, expr)).some(Number.isFinite);
}

async function samples(address: string, expr: string): Promise<readonly number[]> {
  const response = await fetch(`${address}/api/v1/query?query=${encodeURIComponent(expr)}`);
  const { data, error } = (await response.json()) as {
    readonly data?: { readonly result: readonly { readonly value: readonly [number, string] }[] };
    readonly error?: string;
  };
  if (data === undefined) throw new Error(`${expr}: ${error}`);
  return data.result.map(({ value }) => Number(value[1]));
}

/** A fleet as a newcomer starts it, and what is to be scraped of it, labelled as the PodMonitors do. */
async function runningFleet(t: TestContext): Promise<readonly Target[]> {
  const args = [BERTH, "start", "--headless", "--ports=free", `--duration=${RUN_SECONDS_MAX}`];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  t.after(async () => {
    const ended = new Promise((resolve) => child.once("close", resolve));
    child.kill("SIGTERM");
    await ended;
  });
  let text = "";
  const table = new Promise<string>((resolve, reject) => {
    child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk;
      if (text.includes("Try next")) resolve(text);
    });
    child.once("close", () => reject(new Error(`npm start ended: ${text}`)));
    setTimeout(() => reject(new Error(`npm start was not ready: ${text}`)), READY_MS_MAX).unref();
  });
  return targetsIn(await table);
}

function targetsIn(table: string): readonly Target[] {
  const url = (pattern: RegExp): readonly URL[] =>
    [...table.matchAll(pattern)].map(([, text = ""]) => new URL(text));
  const target = ({ hostname, port }: URL, pod: string, labels: object = {}): Target => ({
    host: hostname,
    port: Number(port),
    labels: { namespace: "berth-system", pod, ...labels },
  });
  const extender = url(/(http\S+) +its health and metrics/g).map((at) =>
    target(at, "berth-scheduler-extender-0"),
  );
  const recommender = url(/(http\S+) +health, metrics, recommendations/g).map((at) =>
    target(at, "berth-vpa-recommender-0"),
  );
  const proxies = url(/(http\S+) +control and metrics of a real proxy/g).map((at, index) =>
    target(at, `berth-proxy-${index}`, { node: `node-${index}` }),
  );
  assert.deepEqual([extender.length, recommender.length, proxies.length], [1, 1, 2], table);
  return [...extender, ...recommender, ...proxies];
}
