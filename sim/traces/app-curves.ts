// Curves of use over a day, by app: the table of apps of Alibaba's contest (set B), or any table with these two columns.

import { UsageError } from "#runtime/usage-error.ts";
import { type DailyCurve, relativeCurve } from "../sizing/daily-curves.ts";
import { readTable, type TableShape } from "./table.ts";

const APP_CURVES: TableShape = {
  required: ["app", "cpu_curve_98pt_cores"],
  optional: ["replicas", "max_per_node", "disk_gib", "mem_curve_98pt_gib"],
};

/** One a minute. */
const POINTS_MAX = 1440;

/**
 * Evenly spaced points of one day by app, relative to their mean.
 *
 * @throws UsageError for an unreadable file or a malformed row.
 */
export async function loadAppCurves(path: string): Promise<ReadonlyMap<string, DailyCurve>> {
  const curves = new Map<string, DailyCurve>();
  for await (const row of readTable(path, APP_CURVES)) {
    const app = row.text("app");
    if (curves.has(app)) throw row.error(`app ${app} stands twice`);
    const points = row.list("cpu_curve_98pt_cores");
    if (points.length > POINTS_MAX)
      throw row.error(`app ${app} has ${points.length} points; a day has at most ${POINTS_MAX}`);
    curves.set(app, relativeCurve(points));
  }
  if (curves.size === 0) throw new UsageError(`${path}: has no curves`);
  return curves;
}
