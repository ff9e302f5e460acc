// Every part of a node's proxy killed in turn under load, and the API server taken away: whose requests failed, and for how
// long nobody answered.

import { setTimeout as delay } from "node:timers/promises";

import { max, median } from "simple-statistics";

import { UsageError } from "#runtime/usage-error.ts";
import { Http1Load, post } from "#test/load/http1-load.ts";

import type { Bench, BenchOptions, BenchReport } from "./bench.ts";
import { type App, APPS, HOST, KillBed } from "./kills/kill-bed.ts";
import { longestGapMs } from "./upgrade/gap.ts";

export const killsBench: Bench = {
  summary:
    "an instance, its process, the host, the supervisor and the API server killed in turn under load: what failed, for how long",
  run,
};

const KINDS = ["instance", "instanceProcess", "host", "supervisor", "apiServer"] as const;
type Kind = (typeof KINDS)[number];
const ROUNDS = 5;
const ROUNDS_QUICK = 1;
const OUTAGE_MS = 10_000;
const OUTAGE_MS_QUICK = 3_000;
/** Load before each kill and after it: what still fails then is counted. */
const CALM_MS = 1_500;
/** Of each app; half of its connections are kept ones. */
const FRESH_PER_SECOND = 50;
const KEPT_CONNECTIONS = 8;
/** Nothing here takes a tenth as long, on a node that has CPU for it. */
const PATIENCE_MS = 30_000;

interface Loss {
  readonly requests: number;
  readonly failed: number;
  /** From the first request that failed to the next that was answered. */
  readonly gapMs: number;
}

type Round = Readonly<Record<App, Loss>>;

async function run({ argv, isQuick, progress }: BenchOptions): Promise<BenchReport> {
  const [unknown] = argv;
  if (unknown !== undefined) throw new UsageError(`kills takes no ${unknown}`);
  const rounds = isQuick ? ROUNDS_QUICK : ROUNDS;
  const outageMs = isQuick ? OUTAGE_MS_QUICK : OUTAGE_MS;
  const bed = await KillBed.start();
  const loads = new Map(APPS.map((app) => [app, loadOf(bed, app)]));
  await delay(CALM_MS);
  const seen = new Map<Kind, Round[]>(KINDS.map((kind) => [kind, []]));
  const joinedMs: number[] = [];
  for (let round = 1; round <= rounds; round++) {
    for (const kind of KINDS) {
      const losses = await during(bed, loads, async () => {
        if (kind === "apiServer")
          joinedMs.push(await outage(bed, { outageMs, newcomer: `newcomer-${round}` }));
        else await kill(bed, kind);
      });
      seen.get(kind)?.push(losses);
      progress(`${kind} ${round}/${rounds}: ${JSON.stringify(losses)}`);
    }
  }
  await Promise.all([...loads.values()].map((load) => load.stop()));
  await bed.stop();
  const kills = Object.fromEntries(KINDS.map((kind) => [kind, figuresOf(seen.get(kind) ?? [])]));
  const figures = { rounds, outageMs, kills, joinedDuringOutageServedMs: spread(joinedMs) };
  return { figures, table: tableOf(figures) };
}

async function kill(bed: KillBed, kind: Exclude<Kind, "apiServer">): Promise<void> {
  if (kind === "instance") await bed.killThread("victim");
  else if (kind === "instanceProcess") bed.killInstanceProcess();
  else if (kind === "host") bed.killHost();
  else await bed.killSupervisor();
}

/** @returns how long after the API server's return a pod was served that had joined while it was away. */
async function outage(
  bed: KillBed,
  { outageMs, newcomer }: { readonly outageMs: number; readonly newcomer: string },
): Promise<number> {
  bed.gate.shut();
  await delay(outageMs / 2);
  const port = await bed.join(newcomer);
  await delay(outageMs / 2);
  await bed.gate.open();
  const backMs = performance.now();
  await answering(port);
  const servedMs = performance.now() - backMs;
  bed.leave(newcomer);
  return servedMs;
}

async function during(
  bed: KillBed,
  loads: ReadonlyMap<App, Http1Load>,
  task: () => Promise<void>,
): Promise<Round> {
  const before = new Map([...loads].map(([app, load]) => [app, tally(load)]));
  const over = new AbortController();
  const gaps = APPS.map((app) => longestGapMs({ host: HOST, port: portOf(bed, app) }, over.signal));
  await task();
  await delay(CALM_MS);
  for (const app of APPS) await answering(portOf(bed, app));
  over.abort();
  const [victim = 0, walled = 0, bystander = 0] = await Promise.all(gaps);
  const lossOf = (app: App, gapMs: number): Loss => {
    const [from, to] = [before.get(app), tally(loads.get(app))];
    return {
      requests: to.requests - (from?.requests ?? 0),
      failed: to.failed - (from?.failed ?? 0),
      gapMs: Math.round(gapMs),
    };
  };
  return {
    victim: lossOf("victim", victim),
    walled: lossOf("walled", walled),
    bystander: lossOf("bystander", bystander),
  };
}

function loadOf(bed: KillBed, app: App): Http1Load {
  return new Http1Load({
    host: HOST,
    port: portOf(bed, app),
    freshPerSecond: FRESH_PER_SECOND,
    keptConnections: KEPT_CONNECTIONS,
  });
}

function portOf(bed: KillBed, app: App): number {
  return bed.ports.get(app) ?? 0;
}

function tally(load: Http1Load | undefined): { readonly requests: number; readonly failed: number } {
  const calls = load === undefined ? [] : [load.fresh, load.kept];
  return {
    requests: calls.reduce((sum, { counts }) => sum + counts.requests, 0),
    failed: calls.reduce((sum, { failed }) => sum + failed, 0),
  };
}

async function answering(port: number): Promise<void> {
  const startedMs = performance.now();
  for (;;) {
    const isAnswered = await post({ host: HOST, port }).then(
      () => true,
      () => false,
    );
    if (isAnswered) return;
    if (performance.now() - startedMs > PATIENCE_MS)
      throw new Error(`waited in vain for port ${port} to answer`);
    await delay(5);
  }
}

function figuresOf(rounds: readonly Round[]) {
  const of = (app: App) => ({
    requests: rounds.reduce((sum, round) => sum + round[app].requests, 0),
    failed: rounds.reduce((sum, round) => sum + round[app].failed, 0),
    gapMs: spread(rounds.map((round) => round[app].gapMs)),
  });
  return { victim: of("victim"), walled: of("walled"), bystander: of("bystander") };
}

function spread(values: readonly number[]): { readonly p50: number; readonly max: number } {
  return { p50: Math.round(median([...values])), max: Math.round(max([...values])) };
}

type Figures = ReturnType<typeof figuresOf>;

function tableOf({
  rounds,
  outageMs,
  kills,
  joinedDuringOutageServedMs: joined,
}: {
  readonly rounds: number;
  readonly outageMs: number;
  readonly kills: Readonly<Record<string, Figures>>;
  readonly joinedDuringOutageServedMs: { readonly p50: number; readonly max: number };
}): string {
  const rows = [`${rounds} rounds; failed of requests, and the gap p50 (max) in ms, by app`];
  for (const [kind, figures] of Object.entries(kills)) {
    const apps = APPS.map((app) => {
      const { requests, failed, gapMs } = figures[app];
      return `${app} ${failed} of ${requests}, ${gapMs.p50} (${gapMs.max})`.padEnd(36);
    });
    rows.push(`${kind.padEnd(16)} ${apps.join(" ")}`);
  }
  rows.push(
    `API server away for ${outageMs / 1000} s: a pod that joined meanwhile is served ${joined.p50} ms after its return (at most ${joined.max})`,
  );
  return rows.join("\n");
}
