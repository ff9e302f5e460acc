// How apps' load swings: the contest's curves of one day (98 points) for requests, and memory series of containers (one
// reading a minute) for what follows the number of clients. Where no traces are at hand, seeded shapes of the same kind.
// All are relative to their own mean.

import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { execFileSync } from "node:child_process";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { parse } from "csv-parse/sync";
import { SeededRandom } from "#sim/seeded-random.ts";
import { relativeCurve, seededCurves } from "#sim/sizing/daily-curves.ts";

export interface LoadShapes {
  readonly source: string;
  /** One day each, evenly spaced points. */
  readonly requests: readonly (readonly number[])[];
  /** One day each, a point a minute. */
  readonly clients: readonly (readonly number[])[];
}

const CURVES = "tianchiB_apps_curves.csv.gz";
const MEMORY = "aux/genai2026/pod_memory_util_anon.tar.gz";
/** A curve below it is a reservation rather than a load. */
const PEAK_TO_MEAN_MIN = 1.1;
const DAY_MINUTES = 1440;

export function loadShapes(folder: string, seed: number): LoadShapes {
  if (!existsSync(join(folder, CURVES)) || !existsSync(join(folder, MEMORY))) return syntheticShapes(seed);
  return {
    source: "the contest's set B (CPU curves that vary) and genai2026 (memory series)",
    requests: requestCurves(join(folder, CURVES)),
    clients: clientSeries(join(folder, MEMORY)),
  };
}

function requestCurves(path: string): readonly (readonly number[])[] {
  const rows = parse(gunzipSync(readFileSync(path)), { columns: true }) as Record<string, string>[];
  return rows
    .map((row) => relativeCurve((row["cpu_curve_98pt_cores"] ?? "").split("|").map(Number)))
    .filter((curve) => Math.max(...curve) >= PEAK_TO_MEAN_MIN);
}

function clientSeries(path: string): readonly (readonly number[])[] {
  const folder = mkdtempSync(join(tmpdir(), "berth-shapes-"));
  try {
    execFileSync("tar", ["-xzf", path, "-C", folder]);
    const rows = parse(readFileSync(join(folder, "pod_memory_util_anon.csv")), {
      columns: true,
    }) as MemoryRow[];
    const byContainer = Map.groupBy(rows, ({ container_ip }) => container_ip);
    return [...byContainer.values()].flatMap((readings) => {
      const sorted = readings.toSorted((a, b) => Number(a.timestamp_anon) - Number(b.timestamp_anon));
      const values = sorted.map(({ value }) => Number(value)).filter((value) => value > 0);
      return values.length < DAY_MINUTES * 0.9 ? [] : [relativeCurve(values)];
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

interface MemoryRow {
  readonly value: string;
  readonly timestamp_anon: string;
  readonly container_ip: string;
}

const SYNTHETIC_SHAPES = 60;

function syntheticShapes(seed: number): LoadShapes {
  const random = new SeededRandom(seed);
  const requests = seededCurves(random);
  const clients = Array.from({ length: SYNTHETIC_SHAPES }, () => {
    let level = 1;
    return relativeCurve(
      Array.from({ length: DAY_MINUTES }, () => {
        if (random.next() < 0.003) level *= random.between(0.9, 1.1);
        return level * (1 + 0.005 * random.normal());
      }),
    );
  });
  return { source: "seeded shapes; there are no traces", requests, clients };
}
