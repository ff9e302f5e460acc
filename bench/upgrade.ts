// One proxy of a node replaced by the next, again and again, under load of HTTP/1.1, HTTP/2, gRPC and WebSockets: beside
// the old one (a surge), and after it (no room for two). And the app's instance in it replaced alone.

import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";

import { max, median, quantile } from "simple-statistics";

import { isMigrationOn } from "#proxy/shell/reuse-port.ts";
import { UsageError } from "#runtime/usage-error.ts";
import { PROTOCOLS, type ProtocolFigures, ProtocolsLoad } from "#test/load/protocols-load.ts";

import type { Bench, BenchOptions, BenchReport } from "./bench.ts";
import { BenchNode, endProxy, HOST } from "./upgrade/bench-node.ts";
import { longestGapMs } from "./upgrade/gap.ts";
import { inOwnNetwork, type Migration, MIGRATIONS } from "./upgrade/own-network.ts";

export const upgradeBench: Bench = {
  summary:
    "proxies replaced under load of four protocols, the next beside the old one and after it, and instances alone: failed requests and gaps; --migration on|off in a network of its own",
  run,
};

const CHANGES = 20;
const CHANGES_QUICK = 2;
/** On connections of their own. */
const FRESH_PER_SECOND = 200;
const KEPT_CONNECTIONS = 16;
/** Traffic as usual between two changes. */
const CALM_MS = 500;
/** A changed quota takes another heap, and that another worker. */
const QUOTAS = ["192Mi", "256Mi"] as const;

const KINDS = ["surge", "restart", "drainFirst"] as const;
type Kind = (typeof KINDS)[number];

async function run({ argv, isQuick, progress }: BenchOptions): Promise<BenchReport> {
  const migration = migrationOf(argv);
  const figures =
    migration === undefined
      ? await measure(isQuick ? CHANGES_QUICK : CHANGES, progress)
      : ((await inOwnNetwork(migration, isQuick ? ["--quick"] : [])) as Awaited<ReturnType<typeof measure>>);
  const rows = [`tcp_migrate_req: ${figures.connectionMigration}`];
  for (const kind of KINDS) {
    const { changes, protocols, latencyMs, changeMs, gapMs } = figures[kind];
    rows.push(
      `${kind}: ${changes} changes, each ${changeMs.p50} ms (at most ${changeMs.max}), gap p50 ${gapMs.p50} max ${gapMs.max} ms, HTTP/1.1 p50 ${latencyMs.p50} p99 ${latencyMs.p99} max ${latencyMs.max} ms`,
    );
    for (const protocol of PROTOCOLS) {
      const { requests, failed, farewells, refused, reasons } = protocols[protocol];
      const why = failed === 0 ? "" : ` ${JSON.stringify(reasons)}`;
      const told = farewells === 0 ? "" : `, ${farewells} told in order to go`;
      const again = refused === 0 ? "" : `, ${refused} streams refused unprocessed and asked for again`;
      rows.push(`  ${protocol.padEnd(9)} ${failed} of ${requests} failed${told}${again}${why}`);
    }
  }
  return { figures, table: rows.join("\n") };
}

function migrationOf(argv: readonly string[]): Migration | undefined {
  try {
    const { values } = parseArgs({ args: [...argv], options: { migration: { type: "string" } } });
    const { migration } = values;
    if (migration === undefined || Object.hasOwn(MIGRATIONS, migration))
      return migration as Migration | undefined;
    throw new UsageError(`--migration is on or off, not "${migration}"`);
  } catch (error) {
    throw new UsageError(`upgrade takes --migration on|off: ${(error as Error).message}`);
  }
}

async function measure(changes: number, progress: BenchOptions["progress"]) {
  const surge = await replace("surge", changes, progress);
  const restart = await replace("restart", changes, progress);
  // Each is waited for until streams have shown that they last.
  const drainFirst = await replace("drainFirst", Math.ceil(changes / 2), progress);
  const failed = (protocol: (typeof PROTOCOLS)[number]): number =>
    surge.protocols[protocol].failed + restart.protocols[protocol].failed;
  return {
    upgrades: changes,
    restarts: changes,
    requests: [surge, restart].reduce((sum, { requests }) => sum + requests, 0),
    // Of surges and of restarts. After the old one is gone nobody listens, which is counted apart.
    failed: {
      http1: failed("http1"),
      http2: failed("http2"),
      grpc: failed("grpc"),
      websocket: failed("websocket"),
    },
    connectionMigration: isMigrationOn() ?? null,
    surge,
    restart,
    drainFirst,
  };
}

async function replace(kind: Kind, changes: number, progress: BenchOptions["progress"]) {
  const node = await BenchNode.start();
  let proxy = await node.startProxy();
  const target = { host: HOST, port: node.ports.inbound };
  const load = new ProtocolsLoad({
    ...target,
    freshPerSecond: FRESH_PER_SECOND,
    keptConnections: KEPT_CONNECTIONS,
  });
  const change = async (count: number): Promise<void> => {
    if (kind === "restart") return node.restartInstance(QUOTAS[count % QUOTAS.length] ?? QUOTAS[0]);
    if (kind === "drainFirst") await endProxy(proxy);
    const next = await node.startProxy();
    if (kind === "surge") await endProxy(proxy);
    proxy = next;
  };
  const changesMs: number[] = [];
  const gapsMs: number[] = [];
  for (let count = 1; count <= changes; count++) {
    await delay(CALM_MS);
    const over = new AbortController();
    const gap = longestGapMs(target, over.signal);
    const startedMs = performance.now();
    await change(count);
    changesMs.push(performance.now() - startedMs);
    over.abort();
    gapsMs.push(await gap);
    const failed = PROTOCOLS.map((protocol) => `${protocol} ${load.figures()[protocol].failed}`).join(", ");
    progress(
      `${kind} ${count}/${changes}: ${Math.round(changesMs.at(-1) ?? 0)} ms; failed so far: ${failed}`,
    );
  }
  await delay(CALM_MS);
  await load.stop();
  await endProxy(proxy);
  await node.stop();
  const protocols = load.figures();
  return {
    changes,
    requests: Object.values<ProtocolFigures>(protocols).reduce((sum, { requests }) => sum + requests, 0),
    protocols,
    latencyMs: spread([load.http1.fresh, load.http1.kept].flatMap(({ counts }) => counts.latenciesMs)),
    changeMs: spread(changesMs),
    gapMs: spread(gapsMs),
  };
}

function spread(values: readonly number[]) {
  const sorted = [...values];
  const round = (value: number): number => Math.round(value * 10) / 10;
  return { p50: round(median(sorted)), p99: round(quantile(sorted, 0.99)), max: round(max(sorted)) };
}
