// Learned costs against the truth: synthetic apps whose coefficients are known, read for two days on twelve nodes whose
// load swings, with noise, held-back CPU, collinear load and outliers. The median error of each coefficient.

import { SeededRandom } from "#sim/seeded-random.ts";
import { medianErrors, TROUBLES } from "#vpa-recommender/testing/synthetic-apps.ts";
import type { Bench, BenchOptions, BenchReport } from "./bench.ts";

const APPS = 40;
const APPS_QUICK = 10;

export const learningBench: Bench = {
  summary: "learned costs of synthetic apps against the truth: median error of each coefficient",
  run,
};

async function run({ isQuick, progress }: BenchOptions): Promise<BenchReport> {
  const apps = isQuick ? APPS_QUICK : APPS;
  const troubles: Record<string, Readonly<Record<string, number>>> = {};
  for (const [name, trouble] of Object.entries(TROUBLES)) {
    progress(name);
    troubles[name] = Object.fromEntries(medianErrors(new SeededRandom(7), trouble, apps));
  }
  return { figures: { apps, troubles }, table: table(troubles) };
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
