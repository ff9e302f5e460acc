// One proxy of a node replaced by the next, again and again, under load: beside the old one (a surge), and after it (no
// room for two). Whether the kernel migrates connections is the network namespace's setting, which this only reads.

import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";

import { max, median, quantile } from "simple-statistics";

import { freePort } from "#cli/start/free-port.ts";
import { APP_LABEL, MESH_ENABLED, MESH_LABEL } from "#model/app.ts";
import { isMigrationOn } from "#proxy/shell/reuse-port.ts";
import { systemClock } from "#runtime/clock.ts";
import { UsageError } from "#runtime/usage-error.ts";
import { LoopbackApi } from "#sim/loopback/loopback-api.ts";

import type { Bench, BenchOptions, BenchReport } from "./bench.ts";
import { HandoverLoad, longestGapMs, startBenchApp } from "./upgrade-load.ts";
import type { LoadCounts } from "./upgrade-load.ts";

export const upgradeBench: Bench = {
  summary:
    "proxies replaced under load, with the next beside the old one and after it: failed requests and gaps",
  run,
};

const MAIN = fileURLToPath(new URL("../proxy/main.ts", import.meta.url));
const HOST = "127.0.0.1";
const CHANGES = 20;
const CHANGES_QUICK = 4;
/** On connections of their own. */
const FRESH_PER_SECOND = 300;
/** Traffic as usual between two changes. */
const CALM_MS = 500;

type Order = "surge" | "drainFirst";

async function run({ argv, isQuick, progress }: BenchOptions): Promise<BenchReport> {
  const [unknown] = argv;
  if (unknown !== undefined) throw new UsageError(`upgrade takes no ${unknown}`);
  const changes = isQuick ? CHANGES_QUICK : CHANGES;
  const surge = await replace("surge", changes, progress);
  const drainFirst = await replace("drainFirst", changes, progress);
  const figures = {
    upgrades: changes,
    requests: surge.requests,
    // The load is HTTP/1.1.
    failed: { http1: surge.failed.fresh + surge.failed.kept, http2: null, grpc: null, websocket: null },
    connectionMigration: isMigrationOn() ?? null,
    surge,
    drainFirst,
  };
  const rows = (["surge", "drainFirst"] as const).map((order) => {
    const { requests, failed, latencyMs, changeMs, gapMs } = figures[order];
    return [
      order.padEnd(10),
      `${failed.fresh + failed.kept} of ${requests} failed (new connections ${failed.fresh}, kept ${failed.kept})`,
      `latency p50 ${latencyMs.p50} p99 ${latencyMs.p99} max ${latencyMs.max} ms`,
      `change ${changeMs.p50} ms, gap p50 ${gapMs.p50} max ${gapMs.max} ms`,
    ].join("  ");
  });
  return { figures, table: [`tcp_migrate_req: ${figures.connectionMigration}`, ...rows].join("\n") };
}

async function replace(order: Order, changes: number, progress: BenchOptions["progress"]) {
  const node = await startNode();
  let proxy = await startProxy(node);
  const load = new HandoverLoad(node.inboundPort);
  load.start(FRESH_PER_SECOND);
  const changesMs: number[] = [];
  const gapsMs: number[] = [];
  for (let change = 1; change <= changes; change++) {
    await delay(CALM_MS);
    const over = new AbortController();
    const gap = longestGapMs(node.inboundPort, over.signal);
    const startedMs = performance.now();
    if (order === "surge") {
      const next = await startProxy(node);
      await end(proxy);
      proxy = next;
    } else {
      await end(proxy);
      proxy = await startProxy(node);
    }
    changesMs.push(performance.now() - startedMs);
    over.abort();
    gapsMs.push(await gap);
    progress(`${order} ${change}/${changes}: ${Math.round(changesMs.at(-1) ?? 0)} ms`);
  }
  await delay(CALM_MS);
  await load.stop();
  await end(proxy);
  await node.api.close();
  return {
    requests: load.fresh.requests + load.kept.requests,
    failed: { fresh: failedOf(load.fresh), kept: failedOf(load.kept) },
    reasons: { fresh: Object.fromEntries(load.fresh.failures), kept: Object.fromEntries(load.kept.failures) },
    latencyMs: spread([...load.fresh.latenciesMs, ...load.kept.latenciesMs]),
    changeMs: spread(changesMs),
    gapMs: spread(gapsMs),
  };
}

interface BenchNode {
  readonly api: LoopbackApi;
  readonly flags: readonly string[];
  readonly inboundPort: number;
}

/** A node with one pod of one app, which the cluster's API tells every proxy of. */
async function startNode(): Promise<BenchNode> {
  const api = new LoopbackApi({ clock: systemClock() });
  const { url } = await api.listen({ host: HOST, port: 0 });
  const inboundPort = await freePort(HOST);
  api.store.create("meshprofiles", {
    metadata: { name: "cart", namespace: "default" },
    spec: {},
    status: { ports: { inbound: inboundPort, outbound: await freePort(HOST) } },
  });
  api.store.create("pods", {
    metadata: {
      name: "cart-1",
      namespace: "default",
      labels: { [MESH_LABEL]: MESH_ENABLED, [APP_LABEL]: "cart" },
    },
    spec: {
      nodeName: "node-1",
      containers: [{ name: "cart", ports: [{ containerPort: await startBenchApp() }] }],
    },
    status: { phase: "Running", podIP: HOST, conditions: [{ type: "Ready", status: "True" }] },
  });
  const flags = [
    "--node-name=node-1",
    `--node-address=${HOST}`,
    `--api-server=${url}`,
    `--control-port=${await freePort(HOST)}`,
    "--log-level=silent",
  ];
  return { api, flags, inboundPort };
}

/** Once it is ready. */
async function startProxy({ flags }: BenchNode): Promise<ChildProcess> {
  const child = spawn(process.execPath, [MAIN, ...flags], { stdio: ["ignore", "pipe", "inherit"] });
  const ended = once(child, "exit").then(() => {
    throw new Error("a proxy ended before it was ready");
  });
  await Promise.race([once(child.stdout, "data"), ended]);
  ended.catch(() => undefined);
  return child;
}

async function end(child: ChildProcess): Promise<void> {
  const ended = once(child, "exit");
  child.kill("SIGTERM");
  await ended;
}

function failedOf({ failures }: LoadCounts): number {
  return [...failures.values()].reduce((sum, count) => sum + count, 0);
}

function spread(values: readonly number[]) {
  const sorted = [...values];
  const round = (value: number): number => Math.round(value * 10) / 10;
  return { p50: round(median(sorted)), p99: round(quantile(sorted, 0.99)), max: round(max(sorted)) };
}
