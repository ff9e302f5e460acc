// Learned costs against the truth: synthetic apps whose coefficients are known, read for two days on twelve nodes whose
// load swings, with noise, held-back CPU, collinear load and outliers. The median error of each coefficient. And predicted
// against measured on the instances of a real proxy, see learning/real-proxy.ts.

import { SeededRandom } from "#sim/seeded-random.ts";
import { medianErrors, TROUBLES } from "#vpa-recommender/testing/synthetic-apps.ts";
import { learnFromRealProxy, type Predicted, type RealFigures } from "./learning/real-proxy.ts";
import type { Bench, BenchOptions, BenchReport } from "./bench.ts";

const APPS = 40;
const APPS_QUICK = 10;

export const learningBench: Bench = {
  summary: "learned costs against the truth of synthetic apps, and against what a real proxy's instances use",
  run,
};

async function run({ isQuick, progress }: BenchOptions): Promise<BenchReport> {
  const apps = isQuick ? APPS_QUICK : APPS;
  const troubles: Record<string, Readonly<Record<string, number>>> = {};
  for (const [name, trouble] of Object.entries(TROUBLES)) {
    progress(name);
    troubles[name] = Object.fromEntries(medianErrors(new SeededRandom(7), trouble, apps));
  }
  // A rough answer has no time for the loads of a real proxy.
  const real = isQuick ? null : await learnFromRealProxy(progress);
  const skipped = isQuick ? { real: "takes a minute and a half" } : {};
  const realTable = real === null ? [] : [tableOfReal(real)];
  return { figures: { apps, troubles, real, skipped }, table: [table(troubles), ...realTable].join("\n\n") };
}

function tableOfReal({ apps, loadsLearned, sameProcess, otherProcess, profile }: RealFigures): string {
  const percent = (share: number): string => `${(100 * share).toFixed(1)} %`.padStart(10);
  const row = (name: string, { cpu, memory, nodeCpu, nodeMemory }: Predicted): string =>
    `${name.padEnd(26)}${[cpu, memory, nodeCpu, nodeMemory].map(({ p50, p90 }) => `${percent(p50)}${percent(p90)}`).join("")}`;
  const columns = ["CPU p50", "p90", "memory p50", "p90", "node's CPU", "p90", "memory", "p90"];
  return [
    `${apps} apps of a real proxy, learned at ${loadsLearned} loads: errors of predictions at other loads`,
    `${"".padEnd(26)}${columns.map((name) => name.padStart(10)).join("")}`,
    row("the same process", sameProcess),
    row("another, just started", otherProcess),
    row("by the profile alone", profile),
  ].join("\n");
}

function table(troubles: Readonly<Record<string, Readonly<Record<string, number>>>>): string {
  const names = Object.keys(troubles);
  const coefficients = Object.keys(Object.values(troubles)[0] ?? {});
  const rows = coefficients.map((coefficient) => {
    const cells = names.map((name) =>
      `${(100 * (troubles[name]?.[coefficient] ?? NaN)).toFixed(1)} %`.padStart(10),
    );
    return `${coefficient.padEnd(26)}${cells.join("")}`;
  });
  return [
    "median error of each coefficient, as a share of the truth; fourPods is what a node with four pods pays",
    `${"".padEnd(26)}${names.map((name) => name.padStart(10)).join("")}`,
    ...rows,
  ].join("\n");
}
