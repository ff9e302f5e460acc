// What a node's proxy used in the past, from its own metrics as a time-series store kept them: counters and gauges by
// moment become the looks that the live source takes (usage-difference.ts), and so the very same readings.

import type { AppName } from "#model/brand.ts";
import type { Resources } from "#model/resources.ts";
import type { HistoryFault, TimedValue } from "./range-samples.ts";
import {
  type InstanceCounters,
  type ProxyCounters,
  type ProxyUsage,
  usageBetween,
} from "./usage-difference.ts";

/** One metric of the process by moment, oldest first. */
export interface ProcessSeries {
  readonly cpuSeconds: readonly TimedValue[];
  readonly residentBytes: readonly TimedValue[];
}

/** One app's metrics by moment, oldest first. */
export type InstanceSeries = Readonly<Record<keyof InstanceCounters, readonly TimedValue[]>>;

export interface NodeSeries {
  readonly host: ProcessSeries;
  readonly instances: ReadonlyMap<AppName, InstanceSeries>;
}

export interface PastReading extends ProxyUsage {
  readonly timeMs: number;
  /** The pods that were on the node, of all apps that the proxy told of. */
  readonly pods: ReadonlyMap<AppName, number>;
}

/** A node's past readings, oldest first; a moment at which a part is missing is left out, and `told` hears of it. */
export function pastReadings(
  series: NodeSeries,
  proxyBase: Resources,
  told: (fault: HistoryFault) => void,
): readonly PastReading[] {
  const readings: PastReading[] = [];
  let before: ProxyCounters | undefined;
  for (const look of looks(series, told)) {
    const usage = before && usageBetween(before, look, proxyBase);
    const pods = podsOf(look);
    // While pods come and go it is not known what the usage is to be held against.
    if (usage !== undefined && before !== undefined && isSame(pods, podsOf(before)))
      readings.push({ ...usage, timeMs: look.timeMs, pods });
    before = look;
  }
  return readings;
}

function* looks(
  { host, instances }: NodeSeries,
  told: (fault: HistoryFault) => void,
): Iterable<ProxyCounters> {
  const resident = byMoment(host.residentBytes);
  const apps = [...instances].map(([app, series]) => [app, byMoments(series)] as const);
  for (const { timeMs, value: cpuSeconds } of host.cpuSeconds) {
    const residentBytes = resident.get(timeMs);
    if (residentBytes === undefined) {
      told("missing");
      continue;
    }
    const counters = new Map<AppName, InstanceCounters>();
    for (const [app, moments] of apps) {
      const seen = countersAt(moments, timeMs);
      if (seen === "partly") told("missing");
      else if (seen !== undefined) counters.set(app, seen);
    }
    yield { timeMs, cpuSeconds, residentBytes, instances: counters };
  }
}

const COUNTERS = [
  "pods",
  "connections",
  "requests",
  "cpuSeconds",
  "cpuHeldSeconds",
  "memoryBytes",
] as const satisfies readonly (keyof InstanceCounters)[];

type Moments = Readonly<Record<keyof InstanceCounters, ReadonlyMap<number, number>>>;

function byMoments(series: InstanceSeries): Moments {
  return Object.fromEntries(COUNTERS.map((name) => [name, byMoment(series[name])])) as Moments;
}

function byMoment(samples: readonly TimedValue[]): ReadonlyMap<number, number> {
  return new Map(samples.map(({ timeMs, value }) => [timeMs, value]));
}

// An app that was not on the node then has none of its metrics there.
function countersAt(moments: Moments, timeMs: number): InstanceCounters | "partly" | undefined {
  const values = COUNTERS.map((name) => moments[name].get(timeMs));
  if (values.every((value) => value === undefined)) return undefined;
  if (values.some((value) => value === undefined)) return "partly";
  return Object.fromEntries(
    COUNTERS.map((name, index) => [name, values[index] ?? 0]),
  ) as unknown as InstanceCounters;
}

function podsOf({ instances }: ProxyCounters): ReadonlyMap<AppName, number> {
  return new Map([...instances].map(([app, { pods }]) => [app, pods]));
}

function isSame(a: ReadonlyMap<AppName, number>, b: ReadonlyMap<AppName, number>): boolean {
  return a.size === b.size && [...a].every(([app, pods]) => b.get(app) === pods);
}
