// A seeded workload: what runs when there is no trace. Two kinds of app, as in the figures of workload-figures.ts:
// services, whose few pods stay and hold most of the resources, and batches, whose many pods come and go within hours.

import { UsageError } from "#runtime/usage-error.ts";
import { SeededRandom } from "../seeded-random.ts";
import { redeployedPods } from "./rolling-redeployment.ts";
import type { TracePod } from "./trace.ts";
import {
  APP_PODS_MAX,
  DAY_SECONDS,
  HOUR_SECONDS,
  drawAppSize,
  drawArrival,
  drawPodShape,
  drawShortLife,
} from "./workload-figures.ts";

export interface GeneratorOptions {
  readonly seed: number;
  /** How many pods the trace has in all, over its whole span. */
  readonly pods: number;
  readonly spanSeconds: number;
  /** At most so many, half of them services, half batches; by default as many as the published sizes give. */
  readonly apps?: number;
  /** Factor on CPU and memory: 1, the default, for VM-sized pods; 0.25 for a quarter of that. */
  readonly podSize?: number;
  /** At least this share of the pods belongs to batches; 0.92 by default, as published for VMs. */
  readonly batchShare?: number;
  /** Mean time between two rolling redeployments of a service; 14 days by default, which is an assumption. */
  readonly redeploySecondsMean?: number;
}

/**
 * A trace of exactly `pods` pods in the order of their arrival; equal options give equal traces.
 *
 * @throws UsageError for options out of range.
 */
export function generateTrace(options: GeneratorOptions): TracePod[] {
  checkOptions(options);
  const { pods: podsWanted, batchShare = BATCH_SHARE } = options;
  const random = new SeededRandom(options.seed);
  const services = generateServices(options, random, Math.round(podsWanted * (1 - batchShare)));
  const batches = generateBatches(options, { random, podCount: podsWanted - services.length, services });
  return [...services, ...batches].sort((a, b) => a.createSeconds - b.createSeconds);
}

const BATCH_SHARE = 0.92;
const REDEPLOY_SECONDS_MEAN = 14 * DAY_SECONDS;

// Assumptions: most of a fleet is there when one starts to look, the rest is launched later; few services are retired.
const SERVICE_INITIAL_SHARE = 0.7;
const RETIRE_SECONDS_MEAN = 60 * DAY_SECONDS;
// No app holds more than this share of a small trace.
const APP_SHARE_MAX = 0.2;
// A batch app comes back, as a nightly job does; how often is an assumption.
const BATCHES_PER_APP = 3;

function generateServices(options: GeneratorOptions, random: SeededRandom, podBudget: number): TracePod[] {
  const { spanSeconds, podSize = 1, redeploySecondsMean = REDEPLOY_SECONDS_MEAN } = options;
  const generations = 1 + spanSeconds / redeploySecondsMean;
  const replicas = Math.min(podBudget, Math.ceil(podBudget / generations));
  const pods: TracePod[] = [];
  let replicasLeft = replicas;
  for (const [index, size] of serviceSizes(options, random, replicas).entries()) {
    replicasLeft -= size;
    const isInitial = random.next() < SERVICE_INITIAL_SHARE;
    const start = isInitial
      ? random.integer(Math.ceil(Math.min(HOUR_SECONDS, spanSeconds / 10)))
      : drawArrival(random, spanSeconds);
    const end = start + Math.max(DAY_SECONDS, Math.round(random.exponential(RETIRE_SECONDS_MEAN)));
    const service = {
      app: `service-${index + 1}`,
      size,
      request: drawPodShape(random, podSize),
      startSeconds: start,
      endSeconds: end < spanSeconds ? end : undefined,
    };
    // The first pods of the services still to come are set aside.
    const podLimit = podBudget - pods.length - replicasLeft;
    pods.push(...redeployedPods(service, { random, spanSeconds, redeploySecondsMean, podLimit }));
  }
  return pods;
}

/** Sizes that add up to `replicas`: as many as it takes, or scaled to the number of services asked for. */
function serviceSizes({ apps }: GeneratorOptions, random: SeededRandom, replicas: number): number[] {
  const sizeMax = Math.max(1, Math.min(APP_PODS_MAX, Math.floor(replicas * APP_SHARE_MAX)));
  const sizes: number[] = [];
  if (apps === undefined) {
    for (let left = replicas; left > 0; left -= sizes.at(-1) ?? left) {
      sizes.push(Math.min(left, drawAppSize(random, sizeMax)));
    }
    return sizes;
  }
  const count = Math.min(replicas, Math.ceil(apps / 2));
  for (let index = 0; index < count; index++) sizes.push(drawAppSize(random, sizeMax));
  return scaledTo(sizes, replicas);
}

/** The same proportions with another sum, none below 1. Needs sum ≥ sizes.length. */
function scaledTo(sizes: readonly number[], sum: number): number[] {
  const spare = sum - sizes.length;
  const weights = sizes.map((size) => size - 1);
  const weightSum = weights.reduce((a, b) => a + b, 0);
  let weightSoFar = 0;
  let shared = 0;
  return weights.map((weight, index) => {
    weightSoFar += weightSum === 0 ? 1 : weight;
    const upTo = Math.round((spare * weightSoFar) / (weightSum === 0 ? sizes.length : weightSum));
    const extra = (index === sizes.length - 1 ? spare : upTo) - shared;
    shared += extra;
    return 1 + extra;
  });
}

interface BatchPart {
  readonly random: SeededRandom;
  readonly podCount: number;
  readonly services: readonly TracePod[];
}

function generateBatches(options: GeneratorOptions, { random, podCount, services }: BatchPart): TracePod[] {
  const { spanSeconds, podSize = 1 } = options;
  const sizeMax = Math.max(1, Math.min(APP_PODS_MAX, Math.floor(podCount * APP_SHARE_MAX)));
  const sizes: number[] = [];
  for (let left = podCount; left > 0; left -= sizes.at(-1) ?? left) {
    sizes.push(Math.min(left, drawAppSize(random, sizeMax)));
  }
  const appCount =
    options.apps === undefined ? Math.ceil(sizes.length / BATCHES_PER_APP) : Math.floor(options.apps / 2);
  // If only one app is asked for, it is a service, and its batches scale it out.
  const [service] = appCount === 0 ? services : [];
  const apps = Array.from({ length: Math.max(1, appCount) }, (_, index) => ({
    name: service?.app ?? `batch-${index + 1}`,
    request: service?.request ?? drawPodShape(random, podSize),
  }));
  return sizes.flatMap((size, batch) => {
    // Every app has a batch before one comes back.
    const app = apps[batch < apps.length ? batch : random.integer(apps.length)];
    if (app === undefined) return [];
    const createSeconds = drawArrival(random, spanSeconds);
    const lifeSeconds = drawShortLife(random);
    return Array.from({ length: size }, (_, ordinal): TracePod => {
      // The pods of a batch share their work and end at about the same time.
      const ownLife = Math.max(1, Math.round(lifeSeconds * random.between(1 - LIFE_SPREAD, 1 + LIFE_SPREAD)));
      const leaves = createSeconds + Math.min(ownLife, DAY_SECONDS - 1);
      return {
        id: `${app.name}-run${batch + 1}-${ordinal + 1}`,
        app: app.name,
        request: app.request,
        createSeconds,
        deleteSeconds: leaves <= spanSeconds ? leaves : undefined,
      };
    });
  });
}

// Assumption.
const LIFE_SPREAD = 0.2;

// As many as a loaded trace may have.
const PODS_MAX = 5_000_000;
// Ten years: longer than any published trace.
const SPAN_SECONDS_MAX = 3650 * DAY_SECONDS;

function checkOptions(options: GeneratorOptions): void {
  const { pods, spanSeconds, apps, podSize = 1, batchShare = BATCH_SHARE, seed } = options;
  const { redeploySecondsMean = REDEPLOY_SECONDS_MEAN } = options;
  const demands: readonly (readonly [boolean, string])[] = [
    [Number.isSafeInteger(seed), "seed is a whole number"],
    [isWithin(pods, 1, PODS_MAX) && Number.isInteger(pods), `pods is a whole number from 1 to ${PODS_MAX}`],
    [isWithin(spanSeconds, 1, SPAN_SECONDS_MAX), `spanSeconds is from 1 to ${SPAN_SECONDS_MAX}`],
    [
      apps === undefined || (isWithin(apps, 1, pods) && Number.isInteger(apps)),
      "apps is a whole number from 1 to the number of pods",
    ],
    [isWithin(podSize, 0.001, 100), "podSize is a factor from 0.001 to 100"],
    [isWithin(batchShare, 0, 1), "batchShare is from 0 to 1"],
    [redeploySecondsMean >= HOUR_SECONDS, "redeploySecondsMean is at least an hour"],
  ];
  const unmet = demands.filter(([isMet]) => !isMet).map(([, demand]) => demand);
  if (unmet.length > 0) throw new UsageError(`the generated trace cannot be made: ${unmet.join("; ")}`);
}

function isWithin(value: number, min: number, max: number): boolean {
  return value >= min && value <= max;
}
