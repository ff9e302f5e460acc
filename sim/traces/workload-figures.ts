// Distributions of real workloads, from published figures:
//
// [RC]  Cortez et al., Resource Central, SOSP'17, section 3 (Azure, three months): about 80 % of VMs have 1 or 2 cores
//       and about 70 % less than 4 GB; more than 40 % of deployments are a single VM and 80 % have at most 5; more than
//       90 % of lifetimes are shorter than a day, while the few longer ones hold more than 95 % of the core-hours;
//       arrivals follow the time of day.
// [AZ]  Azure Public Dataset, VM trace V1 (CC-BY-4.0), three and a half days of it: cores 1, 2, 4, 8 in 62, 19, 10 and
//       9 % of VMs with mostly 1.75 GiB per core; 34 % of VMs live at most 15 minutes, 69 % at most an hour, 93 % at
//       most a day.
// [TC]  Alibaba scheduling contest 2018 (Tianchi), set A: 7.3 pods per app in the mean, 105 at the 99th percentile, 610
//       at most; 80 % of apps have at most 5.
//
// Where nothing is published the constant below says that it is an assumption.

import type { Resources } from "#model/resources.ts";
import type { SeededRandom } from "../seeded-random.ts";

export const HOUR_SECONDS = 3600;
export const DAY_SECONDS = 24 * HOUR_SECONDS;

const GIB = 1024 ** 3;

// [AZ]; the sums agree with [RC].
const SHAPES: readonly { readonly share: number; readonly cores: number; readonly memoryGib: number }[] = [
  { share: 0.604, cores: 1, memoryGib: 1.75 },
  { share: 0.016, cores: 1, memoryGib: 0.75 },
  { share: 0.185, cores: 2, memoryGib: 3.5 },
  { share: 0.099, cores: 4, memoryGib: 7 },
  { share: 0.09, cores: 8, memoryGib: 14 },
  { share: 0.006, cores: 8, memoryGib: 56 },
];

/** What one pod of an app requests; the same for all its pods. `factor` 1: the sizes of VMs. */
export function drawPodShape(random: SeededRandom, factor: number): Resources {
  let left = random.next();
  const shape = SHAPES.find(({ share }) => (left -= share) < 0) ?? SHAPES[0];
  return {
    cpuMilli: Math.ceil((shape?.cores ?? 1) * 1000 * factor),
    memoryBytes: Math.ceil((shape?.memoryGib ?? 1) * GIB * factor),
  };
}

/** [TC]: the largest app. */
export const APP_PODS_MAX = 610;

/**
 * How many pods come at once, at most `max`: k or more with probability 1/k. That gives 50 % with one pod and 83 % with
 * at most 5 [RC, TC], 100 at the 99th percentile and 7 in the mean [TC].
 */
export function drawAppSize(random: SeededRandom, max: number): number {
  return Math.min(max, Math.floor(1 / (1 - random.next())));
}

// [AZ]: the log-normal through its quantiles at 15 minutes and at an hour.
const SHORT_LIFE_MEDIAN_SECONDS = 1400;
const SHORT_LIFE_SIGMA = 1.85;
const SHORT_LIFE_SECONDS_MIN = 60;

/** The lifetime of a pod that lives for less than a day, 1 minute at least. */
export function drawShortLife(random: SeededRandom): number {
  for (;;) {
    const seconds = SHORT_LIFE_MEDIAN_SECONDS * Math.exp(SHORT_LIFE_SIGMA * random.normal());
    if (seconds < DAY_SECONDS) return Math.max(SHORT_LIFE_SECONDS_MIN, Math.round(seconds));
  }
}

// [RC] shows the pattern without its depth; a day's peak at three times its trough, at 14:00, is an assumption.
const DIURNAL_DEPTH = 0.5;
const PEAK_SECONDS = 14 * HOUR_SECONDS;

/**
 * When something arrives, 0 to spanSeconds from a midnight. Arrivals drawn so, given their number, are a Poisson
 * process whose rate follows the time of day.
 */
export function drawArrival(random: SeededRandom, spanSeconds: number): number {
  for (;;) {
    const seconds = Math.floor(random.next() * spanSeconds);
    const rate = 1 + DIURNAL_DEPTH * Math.cos((2 * Math.PI * (seconds - PEAK_SECONDS)) / DAY_SECONDS);
    if (random.next() * (1 + DIURNAL_DEPTH) < rate) return seconds;
  }
}
