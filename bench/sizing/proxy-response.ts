// What one app's instance adds to the proxy's use under a load, between the points that were measured: linear in the
// request rate, and in the logarithms of connections and of the answers' size.

import type { CurvePoint, ProxyCurves } from "./proxy-curves.ts";

export interface InstanceLoad {
  readonly perSecond: number;
  readonly connections: number;
  readonly bodyBytes: number;
}

/** The more it used, the more; whole milli-cores and bytes do not matter here. */
export interface InstanceUse {
  readonly cpuMilli: number;
  /** As the middle of what was seen. */
  readonly memoryBytes: number;
  /** From the middle to the highest that was seen: how far a heap grows before it is collected. */
  readonly garbageBytes: number;
}

export class ProxyResponse {
  readonly base: { readonly cpuMilli: number; readonly memoryBytes: number };
  readonly #planes: readonly Plane[];

  constructor({ points, quantiles }: ProxyCurves) {
    const [middle, highest] = [quantiles.indexOf(0.5), quantiles.indexOf(1)];
    const memoryAt = (point: CurvePoint, at: number): number => point.memoryBytesQuantiles[at] ?? 0;
    const empty = points.find(({ apps }) => apps === 0);
    if (empty === undefined) throw new Error("the curves lack the proxy without apps");
    this.base = { cpuMilli: empty.cpuMilli, memoryBytes: memoryAt(empty, middle) };
    const loaded = points.filter(({ connections }) => connections > 0);
    const use = (point: CurvePoint): InstanceUse => ({
      cpuMilli: Math.max(0, point.cpuMilli - this.base.cpuMilli),
      memoryBytes: Math.max(0, memoryAt(point, middle) - this.base.memoryBytes),
      garbageBytes: Math.max(0, memoryAt(point, highest) - memoryAt(point, middle)),
    });
    this.#planes = [...Map.groupBy(loaded, ({ bodyBytes }) => bodyBytes)]
      .sort(([a], [b]) => a - b)
      .map(([bodyBytes, ofBody]) => ({
        at: Math.log(bodyBytes),
        lines: [...Map.groupBy(ofBody, ({ connections }) => connections)]
          .sort(([a], [b]) => a - b)
          .map(([connections, ofLine]) => ({ at: Math.log(connections), line: risingLine(ofLine, use) })),
      }));
  }

  of({ perSecond, connections, bodyBytes }: InstanceLoad): InstanceUse {
    const [clients, body] = [Math.log(Math.max(1, connections)), Math.log(bodyBytes)];
    return between(this.#planes, body, ({ lines }) =>
      between(lines, clients, ({ line }) => between(line, perSecond, ({ use }) => use)),
    );
  }
}

interface Plane {
  readonly at: number;
  readonly lines: readonly { readonly at: number; readonly line: readonly LinePoint[] }[];
}

interface LinePoint {
  /** Requests per second. */
  readonly at: number;
  readonly use: InstanceUse;
}

// Rates were climbed and fallen again: what was seen at about the same rate counts as the mean of both.
function risingLine(
  points: readonly CurvePoint[],
  use: (point: CurvePoint) => InstanceUse,
): readonly LinePoint[] {
  const byRate = Map.groupBy(points, ({ perSecond }) => Math.round(Math.log1p(perSecond) * 4));
  return [...byRate.values()]
    .map((alike) => ({
      at: alike.reduce((sum, { perSecond }) => sum + perSecond, 0) / alike.length,
      use: alike.map(use).reduce((sum, one) => mixed(sum, one, 1, 1), NOTHING),
      count: alike.length,
    }))
    .map(({ at, use: sum, count }) => ({ at, use: mixed(sum, NOTHING, 1 / count, 0) }))
    .sort((a, b) => a.at - b.at);
}

const NOTHING: InstanceUse = { cpuMilli: 0, memoryBytes: 0, garbageBytes: 0 };

// Outside of what was measured the last two points are carried on.
function between<T extends { readonly at: number }>(
  sorted: readonly T[],
  at: number,
  useOf: (point: T) => InstanceUse,
): InstanceUse {
  let upper = sorted.findIndex((point) => point.at >= at);
  if (upper === -1) upper = sorted.length - 1;
  if (upper === 0) upper = Math.min(1, sorted.length - 1);
  const [low, high] = [sorted[Math.max(0, upper - 1)], sorted[upper]];
  if (low === undefined || high === undefined) return NOTHING;
  if (low === high || high.at === low.at) return useOf(high);
  const share = (at - low.at) / (high.at - low.at);
  return mixed(useOf(low), useOf(high), 1 - share, share);
}

function mixed(a: InstanceUse, b: InstanceUse, ofA: number, ofB: number): InstanceUse {
  const mix = (key: keyof InstanceUse): number => Math.max(0, a[key] * ofA + b[key] * ofB);
  return { cpuMilli: mix("cpuMilli"), memoryBytes: mix("memoryBytes"), garbageBytes: mix("garbageBytes") };
}
