// The proxy's data path against nginx, haproxy and @fastify/http-proxy: throughput and CPU per request in a closed loop,
// latency in an open one at half of each one's own throughput. The whole proxy runs, with every quota on, traces started
// and its metrics read. Load and origin are processes of their own, whose headroom is measured without a proxy between them.

import { fork } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

import { median } from "simple-statistics";

import { UsageError } from "#runtime/usage-error.ts";

import type { Bench, BenchOptions, BenchReport } from "./bench.ts";
import type { LoadOrder, LoadResult } from "./proxy/load-orders.ts";
import { treeCpuMicros } from "./proxy/process-cpu.ts";
import {
  startBerth,
  startFastifyHttpProxy,
  startHaproxy,
  startNginx,
  TRACE_SAMPLE_RATIO,
} from "./proxy/servers.ts";
import type { BenchServer } from "./proxy/servers.ts";

export const proxyBench: Bench = {
  summary:
    "the proxy's data path against nginx, haproxy and @fastify/http-proxy: requests per second, CPU, p99",
  run,
};

const CONNECTIONS = 32;
const HTTP2_STREAMS = 8;
const NAMES = ["berth", "nginx", "haproxy", "fastifyHttpProxy"] as const;
type Name = (typeof NAMES)[number];

const STARTS: Readonly<Record<Name, (originPort: number) => Promise<BenchServer | undefined>>> = {
  berth: startBerth,
  nginx: startNginx,
  haproxy: startHaproxy,
  fastifyHttpProxy: startFastifyHttpProxy,
};

interface Pace {
  readonly rounds: number;
  /** Not counted: servers that compile their code get to do so. */
  readonly warmSeconds: number;
  readonly closedSeconds: number;
  readonly openSeconds: number;
}

const PACE: Pace = { rounds: 3, warmSeconds: 2, closedSeconds: 4, openSeconds: 3 };
const PACE_QUICK: Pace = { rounds: 1, warmSeconds: 0.3, closedSeconds: 1, openSeconds: 0.7 };

interface Round {
  readonly rps: number;
  readonly cpuMicrosPerRequest: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly openRps: number;
  readonly loadBusyShare: number;
}

async function run({ argv, isQuick, progress }: BenchOptions): Promise<BenchReport> {
  const [unknown] = argv;
  if (unknown !== undefined) throw new UsageError(`proxy takes no ${unknown}`);
  const pace = isQuick ? PACE_QUICK : PACE;
  const origin = fork(fileURLToPath(new URL("./proxy/origin-process.ts", import.meta.url)));
  const [originPort] = (await once(origin, "message")) as [number];
  const load = fork(fileURLToPath(new URL("./proxy/load-process.ts", import.meta.url)));
  const direct = await loaded(load, {
    port: originPort,
    connections: CONNECTIONS,
    seconds: pace.closedSeconds,
  });
  progress(`without a proxy: ${Math.round(direct.requests / direct.seconds)} requests per second`);
  const rounds = new Map<Name, Round[]>();
  const skipped: Partial<Record<Name, string>> = {};
  for (let round = 0; round < pace.rounds; round++) {
    for (const name of NAMES) {
      const server = await STARTS[name](originPort);
      if (server === undefined) {
        skipped[name] = "not installed";
        continue;
      }
      const measured = await measure(load, server, pace);
      await server.stop();
      rounds.set(name, [...(rounds.get(name) ?? []), measured]);
      progress(`${name} ${round + 1}/${pace.rounds}: ${JSON.stringify(measured)}`);
    }
  }
  const http2 = await measureHttp2(load, originPort, pace);
  progress(`HTTP/2: ${JSON.stringify(http2)}`);
  load.disconnect();
  origin.disconnect();
  const servers = Object.fromEntries(NAMES.map((name) => [name, middle(rounds.get(name))])) as Servers;
  const figures = {
    servers,
    ratios: ratios(servers),
    http2,
    connections: CONNECTIONS,
    traceSampleRatio: TRACE_SAMPLE_RATIO,
    directRps: Math.round(direct.requests / direct.seconds),
    skipped,
  };
  return { figures, table: `${table(figures)}\nHTTP/2: ${JSON.stringify(http2)}` };
}

const HTTP2_STARTS = {
  berth: startBerth,
  nginx: (originPort: number) => startNginx(originPort, "http2"),
  haproxy: (originPort: number) => startHaproxy(originPort, "http2"),
} as const;

/** As many requests at once as over HTTP/1.1, on fewer connections. */
async function measureHttp2(load: ChildProcess, originPort: number, pace: Pace) {
  const measured = async (
    start: (port: number) => Promise<BenchServer | undefined>,
  ): Promise<Round | null> => {
    const server = await start(originPort);
    if (server === undefined) return null;
    const round = await measure(load, server, pace, HTTP2_STREAMS);
    await server.stop();
    return round;
  };
  const berth = await measured(HTTP2_STARTS.berth);
  const nginx = await measured(HTTP2_STARTS.nginx);
  const haproxy = await measured(HTTP2_STARTS.haproxy);
  const ratio = (key: "rps" | "cpuMicrosPerRequest", peer: Round | null): number | null =>
    berth === null || peer === null ? null : rounded(berth[key] / peer[key]);
  return {
    berth,
    nginx,
    haproxy,
    rpsVsNginx: ratio("rps", nginx),
    cpuVsNginx: ratio("cpuMicrosPerRequest", nginx),
    rpsVsHaproxy: ratio("rps", haproxy),
  };
}

async function measure(
  load: ChildProcess,
  server: BenchServer,
  pace: Pace,
  streams?: number,
): Promise<Round> {
  const { port, pid } = server;
  const target =
    streams === undefined
      ? { port, connections: CONNECTIONS }
      : { port, connections: CONNECTIONS / streams, streams };
  await loaded(load, { ...target, seconds: pace.warmSeconds });
  let cpuBefore = 0;
  const counting = (message: unknown): void => {
    if (message === "counting") cpuBefore = treeCpuMicros(pid);
  };
  load.on("message", counting);
  const closed = await loaded(load, { ...target, seconds: pace.closedSeconds });
  const cpuMicros = treeCpuMicros(pid) - cpuBefore;
  load.off("message", counting);
  const rps = closed.requests / closed.seconds;
  const openRps = Math.round(rps / 2);
  const open = await loaded(load, {
    ...target,
    seconds: pace.openSeconds,
    requestsPerSecond: openRps,
  });
  if (closed.failed + open.failed > 0) throw new Error("requests failed");
  return {
    rps: Math.round(rps),
    cpuMicrosPerRequest: rounded(cpuMicros / closed.requests),
    p50Ms: rounded(open.latencyMs.p50),
    p99Ms: rounded(open.latencyMs.p99),
    openRps,
    loadBusyShare: rounded(closed.busyShare),
  };
}

async function loaded(load: ChildProcess, order: LoadOrder): Promise<LoadResult> {
  load.send(order);
  for (;;) {
    const [message] = (await once(load, "message")) as [LoadResult | "counting"];
    if (message !== "counting") return message;
  }
}

type Servers = Readonly<Record<Name, Round | null>>;

function middle(rounds: readonly Round[] | undefined): Round | null {
  if (rounds === undefined) return null;
  const of = (key: keyof Round): number => rounded(median(rounds.map((round) => round[key])));
  return {
    rps: of("rps"),
    cpuMicrosPerRequest: of("cpuMicrosPerRequest"),
    p50Ms: of("p50Ms"),
    p99Ms: of("p99Ms"),
    openRps: of("openRps"),
    loadBusyShare: of("loadBusyShare"),
  };
}

function ratios({ berth, nginx, haproxy, fastifyHttpProxy }: Servers) {
  const ratio = (key: "rps" | "cpuMicrosPerRequest", peer: Round | null): number | null =>
    berth === null || peer === null ? null : rounded(berth[key] / peer[key]);
  return {
    rpsVsNginx: ratio("rps", nginx),
    cpuVsNginx: ratio("cpuMicrosPerRequest", nginx),
    rpsVsHaproxy: ratio("rps", haproxy),
    rpsVsFastifyHttpProxy: ratio("rps", fastifyHttpProxy),
  };
}

function table({ servers, ratios }: { servers: Servers; ratios: object }): string {
  const rows = NAMES.map((name) => {
    const server = servers[name];
    if (server === null) return `${name.padEnd(18)}not installed`;
    const { rps, cpuMicrosPerRequest, p50Ms, p99Ms, openRps } = server;
    return `${name.padEnd(18)}${rps} requests/s  ${cpuMicrosPerRequest} µs CPU each  p50 ${p50Ms} p99 ${p99Ms} ms at ${openRps}/s`;
  });
  return [...rows, JSON.stringify(ratios)].join("\n");
}

function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}
