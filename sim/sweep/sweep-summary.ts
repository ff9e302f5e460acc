// What a sweep shows: for every setting and policy the means over the seeds, and the differences to the baseline seed by
// seed. Pairing takes out what a seed does to all policies alike; the interval is Student's for 95 %.

import { tQuantile95 } from "./student-t.ts";
import type { SweepPoint } from "./sweep-tasks.ts";
import type { TaskResult } from "./task-results.ts";

export interface SweepSummary {
  readonly baseline: string;
  /** What ways to size proxies are compared with, under the same policy; null where no usage was played. */
  readonly baselineSizing: string | null;
  readonly groups: readonly SummaryGroup[];
}

/** All seeds of one policy at one setting, with one base of an instance and one order. */
export interface SummaryGroup {
  readonly nodes: number | null;
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly base: string;
  readonly order: string;
  readonly policy: string;
  /** The way its proxies were sized, where the figures are of that. */
  readonly sizing: string | null;
  readonly seeds: number;
  readonly figures: Readonly<Record<string, FigureSummary>>;
}

export interface FigureSummary {
  readonly mean: number;
  /** Half the width of the mean's 95 % interval; null with one seed. */
  readonly halfWidth: number | null;
  /** To the baseline at the same setting; null for the baseline itself and where a seed has no partner. */
  readonly difference: PairedDifference | null;
}

export interface PairedDifference {
  readonly pairs: number;
  readonly mean: number;
  readonly halfWidth: number | null;
}

interface Sample {
  readonly seed: number;
  readonly figures: Readonly<Record<string, number | null>>;
}

export function sweepSummary(
  results: Iterable<TaskResult>,
  baseline: string,
  baselineSizing?: string,
): SweepSummary {
  const groups = new Map<string, { readonly like: GroupLike; readonly samples: Sample[] }>();
  for (const { point, runs } of results) {
    for (const { base, order, sizing = null, figures } of runs) {
      const like = { ...settingOf(point), base, order, policy: point.policy, sizing };
      const key = JSON.stringify(like);
      const group = groups.get(key) ?? { like, samples: [] };
      groups.set(key, group);
      group.samples.push({ seed: point.seed, figures });
    }
  }
  const summaries = [...groups.values()].map(({ like, samples }) => {
    const partner: GroupLike =
      like.sizing === null ? { ...like, policy: baseline } : { ...like, sizing: baselineSizing ?? null };
    const partnerKey = JSON.stringify(partner);
    const others = partnerKey === JSON.stringify(like) ? undefined : groups.get(partnerKey)?.samples;
    return Object.assign({ seeds: samples.length, figures: figureSummaries(samples, others) }, like);
  });
  return { baseline, baselineSizing: baselineSizing ?? null, groups: summaries };
}

type GroupLike = Omit<SummaryGroup, "seeds" | "figures">;

function settingOf({ nodes, parameters }: SweepPoint): Pick<SummaryGroup, "nodes" | "parameters"> {
  return { nodes: nodes ?? null, parameters };
}

function figureSummaries(
  samples: readonly Sample[],
  others: readonly Sample[] | undefined,
): Readonly<Record<string, FigureSummary>> {
  const names = Object.keys(samples[0]?.figures ?? {});
  const partners = new Map(others?.map(({ seed, figures }) => [seed, figures]));
  const summaries: Record<string, FigureSummary> = {};
  for (const name of names) {
    const values = samples.flatMap(({ figures }) => figures[name] ?? []);
    if (values.length === 0) continue;
    const differences = samples.flatMap(({ seed, figures }) => {
      const [value, other] = [figures[name], partners.get(seed)?.[name]];
      return typeof value === "number" && typeof other === "number" ? [value - other] : [];
    });
    summaries[name] = {
      ...interval(values),
      difference: differences.length === 0 ? null : { pairs: differences.length, ...interval(differences) },
    };
  }
  return summaries;
}

/** The mean, and half the width of its 95 % interval: t(n − 1) · s ÷ √n. */
function interval(values: readonly number[]): { readonly mean: number; readonly halfWidth: number | null } {
  const count = values.length;
  const mean = values.reduce((sum, value) => sum + value, 0) / count;
  if (count < 2) return { mean, halfWidth: null };
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (count - 1);
  return { mean, halfWidth: tQuantile95(count - 1) * Math.sqrt(variance / count) };
}
