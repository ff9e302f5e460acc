// How a generated workload compares to the published figures that it is drawn from; the sources are described in
// workload-figures.ts. A row that is off says so: nothing is fitted to make it agree.

import type { TracePod } from "./trace.ts";
import { DAY_SECONDS, HOUR_SECONDS } from "./workload-figures.ts";

export interface CalibrationRow {
  readonly figure: string;
  /** As in workload-figures.ts. */
  readonly source: "RC" | "AZ" | "TC";
  readonly published: string;
  readonly unit: "share" | "pods";
  /** Undefined if the workload has nothing that it is about. */
  readonly generated: number | undefined;
}

export interface CalibrationOptions {
  readonly spanSeconds: number;
  /** The generator's factor on sizes: taken out, since the published figures are of VMs. */
  readonly podSize: number;
}

const MINUTE_SECONDS = 60;
const GIB = 1024 ** 3;

export function calibration(
  pods: readonly TracePod[],
  { spanSeconds, podSize }: CalibrationOptions,
): readonly CalibrationRow[] {
  const cores = pods.map(({ request }) => request.cpuMilli / 1000 / podSize);
  const memory = pods.map(({ request }) => request.memoryBytes / GIB / podSize);
  const groups = [...Map.groupBy(pods, ({ id }) => id.replace(/-\d+$/, "")).values()].map(
    ({ length }) => length,
  );
  const apps = [...Map.groupBy(pods, ({ app }) => app).values()].map(({ length }) => length);
  const lives = pods.map((pod) => lifeOf(pod, spanSeconds));
  const row =
    (source: CalibrationRow["source"], unit: CalibrationRow["unit"]) =>
    (figure: string, published: string, generated: number | undefined): CalibrationRow => ({
      figure,
      source,
      published,
      unit,
      generated,
    });
  const [rc, az, tc] = [row("RC", "share"), row("AZ", "share"), row("TC", "pods")];
  return [
    az(
      "1 core",
      "0.62",
      shareOf(cores, (value) => isNear(value, 1)),
    ),
    az(
      "2 cores",
      "0.19",
      shareOf(cores, (value) => isNear(value, 2)),
    ),
    az(
      "4 cores",
      "0.10",
      shareOf(cores, (value) => isNear(value, 4)),
    ),
    az(
      "8 cores",
      "0.09",
      shareOf(cores, (value) => isNear(value, 8)),
    ),
    rc(
      "1 or 2 cores",
      "about 0.80",
      shareOf(cores, (value) => value < 2.5),
    ),
    rc(
      "less than 4 GiB",
      "about 0.70",
      shareOf(memory, (value) => value < 4),
    ),
    rc(
      "deployments of one pod",
      "over 0.40",
      shareOf(groups, (size) => size === 1),
    ),
    rc(
      "deployments of at most 5",
      "0.80",
      shareOf(groups, (size) => size <= 5),
    ),
    az("lives of at most 15 minutes", "0.34", livedAtMost(lives, 15 * MINUTE_SECONDS)),
    az("lives of at most an hour", "0.69", livedAtMost(lives, HOUR_SECONDS)),
    az("lives of at most a day", "0.93", livedAtMost(lives, DAY_SECONDS)),
    rc("core-hours of lives beyond a day", "over 0.95", longCoreHours(pods, spanSeconds)),
    tc("pods per app, mean", "7.3", meanOf(apps)),
    tc("pods per app, 99th percentile", "105", quantileOf(apps, 0.99)),
    tc("pods per app, most", "610", quantileOf(apps, 1)),
  ];
}

interface Life {
  readonly seconds: number;
  /** The pod was still there at the end: it lived for at least that long. */
  readonly isCut: boolean;
}

function lifeOf({ createSeconds, deleteSeconds }: TracePod, spanSeconds: number): Life {
  return deleteSeconds === undefined
    ? { seconds: spanSeconds - createSeconds, isCut: true }
    : { seconds: deleteSeconds - createSeconds, isCut: false };
}

/** Of the pods of which it is known whether they lived longer. */
function livedAtMost(lives: readonly Life[], seconds: number): number | undefined {
  return shareOf(
    lives.filter((life) => !life.isCut || life.seconds > seconds),
    (life) => life.seconds <= seconds,
  );
}

/** A pod that is still there at the end is taken for a long one if it is not yet known. */
function longCoreHours(pods: readonly TracePod[], spanSeconds: number): number | undefined {
  let all = 0;
  let long = 0;
  for (const pod of pods) {
    const { seconds, isCut } = lifeOf(pod, spanSeconds);
    const hours = pod.request.cpuMilli * seconds;
    all += hours;
    if (isCut || seconds > DAY_SECONDS) long += hours;
  }
  return all === 0 ? undefined : long / all;
}

function shareOf<T>(values: readonly T[], has: (value: T) => boolean): number | undefined {
  return values.length === 0 ? undefined : values.filter(has).length / values.length;
}

function meanOf(values: readonly number[]): number | undefined {
  return values.length === 0 ? undefined : values.reduce((a, b) => a + b, 0) / values.length;
}

function quantileOf(values: readonly number[], share: number): number | undefined {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
}

/** Sizes are rounded up to whole millicores. */
function isNear(value: number, cores: number): boolean {
  return Math.abs(value - cores) < 0.05 * cores;
}
