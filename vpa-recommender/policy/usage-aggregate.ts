// What upstream VPA remembers of all containers of one kind (AggregateContainerState, 1.8): the distribution of CPU usage,
// that of memory peaks (one per container and window), and how long and how often it has looked. Checkpoints are those
// of version v3.

import { DecayingHistogram, type HistogramCheckpoint, ZERO_TIME_MS } from "./decaying-histogram.ts";

const HALF_LIFE_MS = 24 * 3_600_000;
/** In cores. */
const CPU_HISTOGRAM = { firstBucketSize: 0.01, maxValue: 1000, halfLifeMs: HALF_LIFE_MS };
/** In bytes. */
const MEMORY_HISTOGRAM = { firstBucketSize: 1e7, maxValue: 1e12, halfLifeMs: HALF_LIFE_MS };
const CPU_SAMPLE_WEIGHT = 0.1;
const MEMORY_PEAK_WEIGHT = 1;
const MILLI_PER_CORE = 1000;
/** Without a sample for eight windows of memory peaks, what is left says nothing any more. */
const HISTORY_MS = 8 * 24 * 3_600_000;

export interface UsageCheckpoint {
  readonly firstSampleMs: number;
  readonly lastSampleMs: number;
  readonly samplesCount: number;
  readonly cpu: HistogramCheckpoint;
  readonly memory: HistogramCheckpoint;
}

export class UsageAggregate {
  #cpu = new DecayingHistogram(CPU_HISTOGRAM);
  #memoryPeaks = new DecayingHistogram(MEMORY_HISTOGRAM);
  /** Times and count are those of CPU samples; Go's zero time while there is none. */
  #firstSampleMs = ZERO_TIME_MS;
  #lastSampleMs = ZERO_TIME_MS;
  #samplesCount = 0;
  readonly #createdMs: number;

  constructor(createdMs: number) {
    this.#createdMs = createdMs;
  }

  /** True if no CPU sample ever came. */
  get isEmpty(): boolean {
    return this.#samplesCount === 0;
  }

  addCpu(cpuMilli: number, timeMs: number): void {
    this.#cpu.addSample(cpuMilli / MILLI_PER_CORE, CPU_SAMPLE_WEIGHT, timeMs);
    if (timeMs > this.#lastSampleMs) this.#lastSampleMs = timeMs;
    if (this.#firstSampleMs === ZERO_TIME_MS || timeMs < this.#firstSampleMs) this.#firstSampleMs = timeMs;
    this.#samplesCount++;
  }

  /** A peak is dated at the end of its window. */
  addMemoryPeak(memoryBytes: number, windowEndMs: number): void {
    this.#memoryPeaks.addSample(memoryBytes, MEMORY_PEAK_WEIGHT, windowEndMs);
  }

  subtractMemoryPeak(memoryBytes: number, windowEndMs: number): void {
    this.#memoryPeaks.subtractSample(memoryBytes, MEMORY_PEAK_WEIGHT, windowEndMs);
  }

  merge(other: UsageAggregate): void {
    this.#cpu.merge(other.#cpu);
    this.#memoryPeaks.merge(other.#memoryPeaks);
    const isEarlier = other.#firstSampleMs !== ZERO_TIME_MS && other.#firstSampleMs < this.#firstSampleMs;
    if (this.#firstSampleMs === ZERO_TIME_MS || isEarlier) this.#firstSampleMs = other.#firstSampleMs;
    this.#lastSampleMs = Math.max(this.#lastSampleMs, other.#lastSampleMs);
    this.#samplesCount += other.#samplesCount;
  }

  cpuCores(percentile: number): number {
    return this.#cpu.percentile(percentile);
  }

  memoryBytes(percentile: number): number {
    return this.#memoryPeaks.percentile(percentile);
  }

  /** Days that the samples span, or that they would fill at one a minute: the smaller. */
  confidenceDays(): number {
    const dayMs = 24 * 3_600_000;
    const samplesPerDay = 24 * 60;
    return Math.min((this.#lastSampleMs - this.#firstSampleMs) / dayMs, this.#samplesCount / samplesPerDay);
  }

  isExpired(nowMs: number): boolean {
    return nowMs - (this.isEmpty ? this.#createdMs : this.#lastSampleMs) >= HISTORY_MS;
  }

  checkpoint(): UsageCheckpoint {
    return {
      firstSampleMs: wholeSeconds(this.#firstSampleMs),
      lastSampleMs: wholeSeconds(this.#lastSampleMs),
      samplesCount: this.#samplesCount,
      cpu: this.#cpu.checkpoint(),
      memory: this.#memoryPeaks.checkpoint(),
    };
  }

  /** Undefined if it is no checkpoint of such histograms. */
  static restored(checkpoint: UsageCheckpoint, nowMs: number): UsageAggregate | undefined {
    const cpu = DecayingHistogram.restored(CPU_HISTOGRAM, checkpoint.cpu);
    const memoryPeaks = DecayingHistogram.restored(MEMORY_HISTOGRAM, checkpoint.memory);
    if (cpu === undefined || memoryPeaks === undefined) return undefined;
    const aggregate = new UsageAggregate(nowMs);
    aggregate.#cpu = cpu;
    aggregate.#memoryPeaks = memoryPeaks;
    aggregate.#firstSampleMs = checkpoint.firstSampleMs;
    aggregate.#lastSampleMs = checkpoint.lastSampleMs;
    aggregate.#samplesCount = checkpoint.samplesCount;
    return aggregate;
  }
}

// The API's times have no fractions.
function wholeSeconds(timeMs: number): number {
  return Math.floor(timeMs / 1000) * 1000;
}
