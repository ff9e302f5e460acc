// What one node's proxy was seen to need, as a share of what the model adds up to at the same moment: (used − proxyBase)
// ÷ modelCost. The share is of the node's sum, so peaks of its apps that do not coincide are pooled, and an app that
// joins is not counted twice, once by feed-forward and again by usage.
//   now     = CPU's level (load-level.ts), too little of which is slow, and the highest of the last minutes for memory, too
//             little of which is a crash; what the proxy is sized by
//   ahead   = what now will have become in two hours if the day goes as the last ones went; how far it is resized, once it is
//   lasting = a high percentile over days with a margin, and at least `now`; the correction that is published, so that
//             placement keeps the room that the proxy will want by day

import { boundCorrection, CORRECTION_MIN, type Correction } from "#model/correction.ts";
import { DayShape, type SavedDay } from "./day-shape.ts";
import { DecayingHistogram, type HistogramCheckpoint } from "./decaying-histogram.ts";
import { LoadLevel, type SavedLevel } from "./load-level.ts";

export interface DemandOptions {
  /** How long a peak of memory is remembered before the proxy may follow it down, and any reading counts for now. */
  readonly windowMs: number;
}

/** With the planner's shrink delay on top, memory is given back within half an hour. */
export const DEFAULT_DEMAND: DemandOptions = { windowMs: 14 * 60_000 };

/** Long enough to save resizes on the way up, and short enough not to hold the midday's size all night. */
const AHEAD_MS = 2 * 3_600_000;
const SAMPLES_MIN = 12;
/** Upstream VPA's percentile and margin. */
const LASTING_PERCENTILE = 0.9;
const LASTING_MARGIN = 1.15;
const HISTOGRAM = { firstBucketSize: 0.01, maxValue: 100, halfLifeMs: 24 * 3_600_000 };

/** As it outlives a restart. */
export interface SavedDemand {
  readonly cpu: SavedShares;
  readonly memory: SavedShares;
  readonly samples: number;
}

interface SavedShares {
  /** Times and shares of the last readings, oldest first. */
  readonly recent: readonly (readonly [timeMs: number, share: number])[];
  readonly histogram: HistogramCheckpoint;
  readonly day: SavedDay;
  readonly level?: SavedLevel | undefined;
}

export class NodeDemand {
  #cpu: ShareSeries;
  #memory: ShareSeries;
  #samples = 0;

  constructor({ windowMs }: DemandOptions = DEFAULT_DEMAND) {
    this.#cpu = new ShareSeries(windowMs, "level");
    this.#memory = new ShareSeries(windowMs, "highest");
  }

  /** Fewer samples say more about the last minutes than about the node. */
  get hasHistory(): boolean {
    return this.#samples >= SAMPLES_MIN;
  }

  add(share: Correction, timeMs: number): void {
    this.#cpu.add(share.cpu, timeMs);
    this.#memory.add(share.memory, timeMs);
    this.#samples++;
  }

  /** Undefined until there are samples, and after a long time without any. */
  now(nowMs: number): Correction | undefined {
    const [cpu, memory] = [this.#cpu.now(nowMs), this.#memory.now(nowMs)];
    return cpu === undefined || memory === undefined ? undefined : measured({ cpu, memory });
  }

  /** At least `now`; what that is about to become. Memory does not go with the day: heaps keep what they had. */
  ahead(nowMs: number): Correction | undefined {
    const now = this.now(nowMs);
    return now && measured({ cpu: now.cpu * this.#cpu.rise(nowMs), memory: now.memory });
  }

  /** Undefined until there is enough history; what was published before then stays valid. */
  lasting(nowMs: number): Correction | undefined {
    if (!this.hasHistory) return undefined;
    const now = this.now(nowMs) ?? { cpu: 0, memory: 0 };
    return boundCorrection({
      cpu: roundedUp(Math.max(now.cpu, this.#cpu.lasting())),
      memory: roundedUp(Math.max(now.memory, this.#memory.lasting())),
    });
  }

  saved(): SavedDemand {
    return { cpu: this.#cpu.saved(), memory: this.#memory.saved(), samples: this.#samples };
  }

  /** Undefined if it is no such demand. */
  static restored({ cpu, memory, samples }: SavedDemand, options: DemandOptions): NodeDemand | undefined {
    const demand = new NodeDemand(options);
    const series = [demand.#cpu.restored(cpu), demand.#memory.restored(memory)] as const;
    if (series[0] === undefined || series[1] === undefined || !(samples >= 0)) return undefined;
    [demand.#cpu, demand.#memory] = [series[0], series[1]];
    demand.#samples = samples;
    return demand;
  }

  /** The model's sum changed to `1 / factor` of what it was: all shares are of another whole now. */
  rescale(factor: Correction): void {
    this.#cpu.rescale(factor.cpu);
    this.#memory.rescale(factor.memory);
  }
}

// What placement is told has a bound above, beyond which the profile is wrong and not the node. A size has none: costs
// that were learned while nobody asked anything are a small part of what the same apps use when somebody does.
function measured({ cpu, memory }: Correction): Correction {
  return { cpu: Math.max(CORRECTION_MIN, cpu), memory: Math.max(CORRECTION_MIN, memory) };
}

/** Two digits: finer corrections would only cause writes. */
function roundedUp(share: number): number {
  return Math.ceil(share * 100) / 100;
}

/** Readings closer together than this part of the window count as one, the higher of them. */
const RECENT_MAX = 60;

/** One resource's shares: the last ones, and a histogram. */
class ShareSeries {
  readonly #windowMs: number;
  readonly #counted: "level" | "highest";
  readonly #recent: { timeMs: number; share: number }[] = [];
  #level = new LoadLevel();
  #histogram = new DecayingHistogram(HISTOGRAM);
  #day = new DayShape();

  /** @param counted what of the recent readings counts for now. */
  constructor(windowMs: number, counted: "level" | "highest") {
    this.#windowMs = windowMs;
    this.#counted = counted;
  }

  add(share: number, timeMs: number): void {
    this.#histogram.addSample(share, 1, timeMs);
    this.#day.add(share, timeMs);
    this.#level.add(share, timeMs);
    const last = this.#recent.at(-1);
    if (last !== undefined && timeMs - last.timeMs < this.#windowMs / RECENT_MAX) {
      last.share = Math.max(last.share, share);
      return;
    }
    this.#recent.push({ timeMs, share });
    if (this.#recent.length > RECENT_MAX) this.#recent.shift();
  }

  saved(): SavedShares {
    const recent = this.#recent.map(({ timeMs, share }) => [timeMs, share] as const);
    return {
      recent,
      histogram: this.#histogram.checkpoint(),
      day: this.#day.saved(),
      level: this.#level.saved(),
    };
  }

  /** A series of the same kind with what was saved of another; undefined if that is none. */
  restored({ recent, histogram, day, level }: SavedShares): ShareSeries | undefined {
    const series = new ShareSeries(this.#windowMs, this.#counted);
    const shares = DecayingHistogram.restored(HISTOGRAM, histogram);
    const restoredDay = DayShape.restored(day);
    const isInOrder = recent.every(([timeMs], index) => timeMs > (recent[index - 1]?.[0] ?? -Infinity));
    if (shares === undefined || restoredDay === undefined || !isInOrder || recent.length > RECENT_MAX)
      return undefined;
    if (recent.some(([, share]) => share < 0)) return undefined;
    for (const [timeMs, share] of recent) series.#recent.push({ timeMs, share });
    series.#level = LoadLevel.restored(level, recent);
    series.#histogram = shares;
    series.#day = restoredDay;
    return series;
  }

  now(nowMs: number): number | undefined {
    const newest = this.#recent.at(-1);
    if (newest === undefined || nowMs - newest.timeMs >= this.#windowMs) return undefined;
    if (this.#counted === "level") return this.#level.level();
    let highest = newest.share;
    for (const { timeMs, share } of this.#recent)
      if (nowMs - timeMs < this.#windowMs && share > highest) highest = share;
    return highest;
  }

  rise(nowMs: number): number {
    return this.#day.rise(nowMs, AHEAD_MS);
  }

  lasting(): number {
    return this.#histogram.percentile(LASTING_PERCENTILE) * LASTING_MARGIN;
  }

  rescale(factor: number): void {
    for (const reading of this.#recent) reading.share *= factor;
    this.#level.rescale(factor);
    this.#histogram.scaleValues(factor);
    this.#day.rescale(factor);
  }
}
