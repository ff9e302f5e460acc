// A victim at a steady pace and a neighbour that is flooded, behind one proxy: what the victim notices.

import { median, quantile } from "simple-statistics";

import { startLoadProcess } from "./load-process.ts";
import type { LoadProcess, SteadyReport } from "./load-process.ts";
import { pause } from "./shared-node.ts";

const VICTIM_PER_SECOND = 200;
const FLOOD_CONNECTIONS = 64;
/** Far longer than anything here lasts. */
const STEADY_SECONDS_MAX = 3_600;
const WARM_UP_SECONDS = 2;
/** For the flood to fill every queue, and for a quota to take hold. */
const SETTLE_MS = 800;

export interface Latency {
  readonly p50Ms: number;
  readonly p99Ms: number;
}

export interface NeighbourFigures {
  readonly idle: Latency;
  readonly flooded: Latency;
  readonly p50Ratio: number;
  readonly p99Ratio: number;
  /** Of each round, in turn: how much of a ratio is chance. */
  readonly rounds: readonly { readonly p50Ratio: number; readonly p99Ratio: number }[];
  readonly victimErrors: number;
  readonly neighbourPerSecond: number;
}

/** The apps behind the proxies and their clients, each a process, so that only the proxy is shared. */
export class Neighbours {
  readonly victimApp = startLoadProcess();
  readonly neighbourApp = startLoadProcess();
  readonly #victimClient = startLoadProcess();
  readonly #neighbourClient = startLoadProcess();

  /** The ports of the two apps. */
  async start(): Promise<{ readonly victim: number; readonly neighbour: number }> {
    return { victim: await appPort(this.victimApp), neighbour: await appPort(this.neighbourApp) };
  }

  async steady(port: number, seconds: number): Promise<SteadyReport> {
    const heard = this.#victimClient.hear("steady");
    this.#victimClient.tell({ kind: "steady", port, perSecond: VICTIM_PER_SECOND, seconds });
    return heard;
  }

  /** A steady victim for as long as something lasts. */
  async steadyDuring(port: number, task: () => Promise<void>): Promise<SteadyReport> {
    const heard = this.steady(port, STEADY_SECONDS_MAX);
    await task();
    this.#victimClient.tell({ kind: "stop" });
    return heard;
  }

  flood(port: number): void {
    this.#neighbourClient.tell({ kind: "flood", port, connections: FLOOD_CONNECTIONS });
  }

  async stopFlood() {
    const heard = this.#neighbourClient.hear("flooded");
    this.#neighbourClient.tell({ kind: "stop" });
    return heard;
  }

  /** Idle and flooded, in turns, so that what else the machine does falls on both. */
  async measure(
    ports: { readonly victim: number; readonly neighbour: number },
    { rounds, seconds }: { readonly rounds: number; readonly seconds: number },
  ): Promise<NeighbourFigures> {
    const idle: number[] = [];
    const flooded: number[] = [];
    let victimErrors = 0;
    let answered = 0;
    const ratios: NeighbourFigures["rounds"][number][] = [];
    await this.#warmUp(ports);
    for (let round = 0; round < rounds; round++) {
      const calm = await this.steady(ports.victim, seconds);
      idle.push(...calm.latenciesMs);
      this.flood(ports.neighbour);
      await pause(SETTLE_MS);
      const stressed = await this.steady(ports.victim, seconds);
      flooded.push(...stressed.latenciesMs);
      answered += (await this.stopFlood()).answered;
      victimErrors += calm.failed + stressed.failed;
      ratios.push(compared(latency(calm.latenciesMs), latency(stressed.latenciesMs)));
      await pause(SETTLE_MS);
    }
    const [before, after] = [latency(idle), latency(flooded)];
    return {
      idle: before,
      flooded: after,
      ...compared(before, after),
      rounds: ratios,
      victimErrors,
      neighbourPerSecond: Math.round(answered / (rounds * (seconds + SETTLE_MS / 1000))),
    };
  }

  /** The victim while requests go straight to the neighbour's app: what the load itself does to it, without a proxy. */
  async measureBeside(
    victimPort: number,
    {
      appPort,
      perSecond,
      seconds,
    }: { readonly appPort: number; readonly perSecond: number; readonly seconds: number },
  ): Promise<Latency> {
    const heard = this.#neighbourClient.hear("steady");
    this.#neighbourClient.tell({
      kind: "steady",
      port: appPort,
      perSecond,
      seconds: seconds + (2 * SETTLE_MS) / 1000,
    });
    await pause(SETTLE_MS);
    const { latenciesMs } = await this.steady(victimPort, seconds);
    await heard;
    await pause(SETTLE_MS);
    return latency(latenciesMs);
  }

  /** Code is compiled and connections are opened before anything counts, of clients and apps as of the proxy. */
  async #warmUp(ports: { readonly victim: number; readonly neighbour: number }): Promise<void> {
    this.flood(ports.neighbour);
    await this.steady(ports.victim, WARM_UP_SECONDS);
    await this.stopFlood();
    await pause(SETTLE_MS);
  }

  stop(): void {
    for (const load of [this.victimApp, this.neighbourApp, this.#victimClient, this.#neighbourClient])
      load.kill();
  }
}

async function appPort(app: LoadProcess): Promise<number> {
  const heard = app.hear("listening");
  app.tell({ kind: "app" });
  return (await heard).port;
}

function compared(before: Latency, after: Latency): { readonly p50Ratio: number; readonly p99Ratio: number } {
  return { p50Ratio: rounded(after.p50Ms / before.p50Ms), p99Ratio: rounded(after.p99Ms / before.p99Ms) };
}

function latency(values: readonly number[]): Latency {
  return { p50Ms: rounded(median([...values])), p99Ms: rounded(quantile([...values], 0.99)) };
}

export function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}
