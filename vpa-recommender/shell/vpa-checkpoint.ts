// A VerticalPodAutoscalerCheckpoint: what a history is saved as between two lives of a recommender, in upstream's version v3,
// so that either may go on from what the other has saved.

import { z } from "zod";
import { type HistogramCheckpoint, ZERO_TIME_MS } from "../policy/decaying-histogram.ts";
import type { UsageCheckpoint } from "../policy/usage-aggregate.ts";

export interface SavedCheckpoint {
  readonly namespace: string;
  readonly vpa: string;
  readonly container: string;
  readonly checkpoint: UsageCheckpoint;
}

const API_VERSION = "autoscaling.k8s.io/v1";
const VERSION = "v3";

const time = z.string().nullish();
const histogram = z.object({
  referenceTimestamp: time,
  bucketWeights: z.record(z.string(), z.number()).nullish(),
  totalWeight: z.number().optional(),
});
const checkpointSchema = z.object({
  metadata: z.object({ namespace: z.string() }),
  spec: z.object({ vpaObjectName: z.string(), containerName: z.string() }),
  status: z.object({
    version: z.literal(VERSION),
    firstSampleStart: time,
    lastSampleStart: time,
    totalSamplesCount: z.number().optional(),
    cpuHistogram: histogram.optional(),
    memoryHistogram: histogram.optional(),
  }),
});

/** Undefined for one of another version, or of another shape: then the history starts anew. */
export function decodeCheckpoint(raw: unknown): SavedCheckpoint | undefined {
  const parsed = checkpointSchema.safeParse(raw);
  if (!parsed.success) return undefined;
  const { metadata, spec, status } = parsed.data;
  return {
    namespace: metadata.namespace,
    vpa: spec.vpaObjectName,
    container: spec.containerName,
    checkpoint: {
      firstSampleMs: timeMsOf(status.firstSampleStart),
      lastSampleMs: timeMsOf(status.lastSampleStart),
      samplesCount: status.totalSamplesCount ?? 0,
      cpu: histogramOf(status.cpuHistogram ?? {}),
      memory: histogramOf(status.memoryHistogram ?? {}),
    },
  };
}

/** The object as it is created; its status replaces the one that is there. */
export function checkpointObject(
  { namespace, vpa, uid, container, checkpoint }: SavedCheckpoint & { readonly uid: string },
  nowMs: number,
) {
  const { firstSampleMs, lastSampleMs, samplesCount, cpu, memory } = checkpoint;
  // Goes with its VPA; Kubernetes collects it.
  const owner = { apiVersion: API_VERSION, kind: "VerticalPodAutoscaler", name: vpa, uid };
  return {
    apiVersion: API_VERSION,
    kind: "VerticalPodAutoscalerCheckpoint",
    metadata: { namespace, name: `${vpa}-${container}`, ownerReferences: [owner] },
    spec: { vpaObjectName: vpa, containerName: container },
    status: {
      version: VERSION,
      lastUpdateTime: timeText(nowMs),
      firstSampleStart: timeText(firstSampleMs),
      lastSampleStart: timeText(lastSampleMs),
      totalSamplesCount: samplesCount,
      cpuHistogram: asApi(cpu),
      memoryHistogram: asApi(memory),
    },
  };
}

function histogramOf({
  referenceTimestamp,
  bucketWeights,
  totalWeight,
}: z.infer<typeof histogram>): HistogramCheckpoint {
  return {
    referenceMs: timeMsOf(referenceTimestamp),
    bucketWeights: bucketWeights ?? {},
    totalWeight: totalWeight ?? 0,
  };
}

function asApi({ referenceMs, bucketWeights, totalWeight }: HistogramCheckpoint): z.infer<typeof histogram> {
  return { referenceTimestamp: timeText(referenceMs), bucketWeights, totalWeight };
}

// Go writes its zero time as null.
function timeText(timeMs: number): string | null {
  return timeMs === ZERO_TIME_MS ? null : `${new Date(timeMs).toISOString().slice(0, 19)}Z`;
}

function timeMsOf(text: string | null | undefined): number {
  const timeMs = Date.parse(text ?? "");
  return Number.isNaN(timeMs) ? ZERO_TIME_MS : timeMs;
}
