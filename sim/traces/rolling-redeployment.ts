// The pods of a service over its life: each redeployment replaces all of them step by step, new ones first, as a
// Deployment with maxSurge 25 % and maxUnavailable 0 does.

import type { Resources } from "#model/resources.ts";
import type { SeededRandom } from "../seeded-random.ts";
import type { TracePod } from "./trace.ts";

export interface Service {
  readonly app: string;
  /** Replicas. */
  readonly size: number;
  readonly request: Resources;
  readonly startSeconds: number;
  /** When the service is retired; undefined if it stays. */
  readonly endSeconds: number | undefined;
}

export interface RedeploymentOptions {
  readonly random: SeededRandom;
  readonly spanSeconds: number;
  readonly redeploySecondsMean: number;
  /** No redeployment is begun that would take the service beyond this many pods; at least its size. */
  readonly podLimit: number;
}

// Kubernetes' default for a Deployment.
const SURGE_SHARE = 0.25;
// From a pod's creation until it is ready and an old one may go; an assumption.
const STEP_SECONDS = 60;

export function redeployedPods(service: Service, options: RedeploymentOptions): TracePod[] {
  const { random, spanSeconds, redeploySecondsMean, podLimit } = options;
  const { size, startSeconds } = service;
  const horizon = Math.min(service.endSeconds ?? spanSeconds, spanSeconds);
  const perStep = Math.ceil(size * SURGE_SHARE);
  const takesSeconds = Math.ceil(size / perStep) * STEP_SECONDS;
  const pods: TracePod[] = [];
  let created = Array.from({ length: size }, () => startSeconds);
  let previousEnd = startSeconds;
  for (let generation = 1; ; generation++) {
    const begin = Math.ceil(previousEnd + random.exponential(redeploySecondsMean));
    // One that would not be over in time is not begun.
    const isBegun = begin + takesSeconds <= horizon && pods.length + 2 * size <= podLimit;
    const replaced = created.map((_, ordinal) => begin + Math.floor(ordinal / perStep) * STEP_SECONDS);
    for (const [ordinal, createSeconds] of created.entries()) {
      const successor = replaced[ordinal];
      pods.push({
        id: `${service.app}-v${generation}-${ordinal + 1}`,
        app: service.app,
        request: service.request,
        createSeconds,
        deleteSeconds: isBegun && successor !== undefined ? successor + STEP_SECONDS : service.endSeconds,
      });
    }
    if (!isBegun) return pods;
    created = replaced;
    previousEnd = begin + takesSeconds;
  }
}
