// Curves of one day, relative to their own mean: seeded ones, for where there are no measured ones.

import type { SeededRandom } from "../seeded-random.ts";

export type DailyCurve = readonly number[];

const CURVES = 60;
/** As many as the published curves of Alibaba's contest have. */
const POINTS = 98;

/** One peak each, at any time of the day, up to four times as high as the rest. */
export function seededCurves(random: SeededRandom): readonly DailyCurve[] {
  return Array.from({ length: CURVES }, () => {
    const [peakAt, width, height] = [random.next(), random.between(0.05, 0.3), random.between(0.2, 3)];
    const point = (share: number): number => {
      const distance = Math.min(Math.abs(share - peakAt), 1 - Math.abs(share - peakAt));
      return 1 + height * Math.exp(-((distance / width) ** 2));
    };
    return relativeCurve(Array.from({ length: POINTS }, (_, index) => point(index / POINTS)));
  });
}

/** Its mean becomes 1; a curve of nothing stays as it is. */
export function relativeCurve(values: readonly number[]): DailyCurve {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return mean > 0 ? values.map((value) => value / mean) : values;
}
