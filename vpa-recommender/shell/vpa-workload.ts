// One VPA's pods as they come and go, and their samples on the way into its history.

import { z } from "zod";
import { parseCpuMilli, parseMemoryBytes } from "#model/quantity.ts";
import type { Resources } from "#model/resources.ts";
import { readingFault, type ReadingFault } from "../policy/usage-reading.ts";
import type { HistoryFault } from "../policy/range-samples.ts";
import { type ContainerSample, type SampleVerdict, WorkloadHistory } from "../policy/workload-history.ts";
import type { FirstAttempts } from "./first-attempts.ts";

export type VpaSampleVerdict = SampleVerdict | ReadingFault | HistoryFault;

// Keys that Berth does not read are the API's business.
const terminated = z.object({ reason: z.string().optional(), finishedAt: z.string().nullish() });
const podList = z.object({
  items: z
    .array(
      z.object({
        metadata: z.object({ name: z.string(), labels: z.record(z.string(), z.string()).optional() }),
        spec: z.object({
          containers: z.array(
            z.object({
              name: z.string(),
              resources: z
                .object({ requests: z.object({ memory: z.coerce.string().optional() }).optional() })
                .optional(),
            }),
          ),
        }),
        status: z
          .object({
            phase: z.string().optional(),
            containerStatuses: z
              .array(
                z.object({
                  name: z.string(),
                  state: z.object({ terminated: terminated.nullish() }).nullish(),
                  lastState: z.object({ terminated: terminated.nullish() }).nullish(),
                }),
              )
              .nullish(),
          })
          .optional(),
      }),
    )
    .nullable(),
});
const metricsList = z.object({
  items: z.array(
    z.object({
      metadata: z.object({ name: z.string() }),
      timestamp: z.string(),
      containers: z.array(
        z.object({ name: z.string(), usage: z.object({ cpu: z.string(), memory: z.string() }) }),
      ),
    }),
  ),
});

/** The largest values that a histogram tells apart: what is above is no measurement of one container. */
const CREDIBLE_MAX: Resources = { cpuMilli: 1_000_000, memoryBytes: 1e12 };
/** No labels are known of them; no selection of labels is written like this. */
const GONE_PODS = "gone";
/** As often as upstream looks for what may be forgotten. */
const COLLECT_EVERY_MS = 3_600_000;

export class VpaWorkload {
  readonly history = new WorkloadHistory();
  /** When its checkpoints were last written. */
  savedMs = Number.NEGATIVE_INFINITY;
  /** Pod and container → when its last OOM ended, those included that were before our time. */
  readonly #oomEnds = new Map<string, string>();
  #collectedMs = 0;
  /** Whether the past is known, as far as it can be. */
  past: FirstAttempts | undefined;

  /** @param raw a PodList; pods that are not in it are gone. @throws ZodError if it is none. */
  seePods(raw: unknown, nowMs: number, told: (verdict: VpaSampleVerdict) => void): void {
    const pods = (podList.parse(raw).items ?? []).filter(({ status }) => isRunning(status?.phase));
    const present = new Set(pods.map(({ metadata }) => metadata.name));
    for (const name of this.history.pods()) if (!present.has(name)) this.history.podGone(name);
    const knownBefore = new Set(this.history.pods());
    for (const { metadata, spec, status } of pods) {
      const { name, labels = {} } = metadata;
      const containers = spec.containers.map((container) => container.name);
      this.history.podSeen(name, { group: groupOf(labels), containers, nowMs });
      for (const { name: container, state, lastState } of status?.containerStatuses ?? []) {
        const end = state?.terminated ?? lastState?.terminated;
        if (end?.reason !== "OOMKilled" || typeof end.finishedAt !== "string") continue;
        const key = `${name}/${container}`;
        if (this.#oomEnds.get(key) === end.finishedAt) continue;
        this.#oomEnds.set(key, end.finishedAt);
        // One that was there when the pod was first seen may be in the checkpoint already.
        if (!knownBefore.has(name)) continue;
        const { resources } = spec.containers.find((one) => one.name === container) ?? {};
        const requestedBytes = parseMemoryBytes(resources?.requests?.memory ?? "0");
        told(
          this.history.addOom({ pod: name, container, timeMs: Date.parse(end.finishedAt), requestedBytes }),
        );
      }
    }
    for (const key of this.#oomEnds.keys())
      if (!present.has(key.split("/")[0] ?? "")) this.#oomEnds.delete(key);
    if (nowMs - this.#collectedMs < COLLECT_EVERY_MS) return;
    this.history.collectGarbage(nowMs);
    this.#collectedMs = nowMs;
  }

  /** Takes samples from before our time: of pods that are there, and of pods that are gone. */
  remember(
    samples: readonly ContainerSample[],
    nowMs: number,
    told: (verdict: VpaSampleVerdict) => void,
  ): void {
    const present = new Set(this.history.pods());
    const gone = samples.filter(({ pod }) => !present.has(pod));
    for (const [pod, its] of Map.groupBy(gone, ({ pod: name }) => name)) {
      const containers = [...new Set(its.map(({ container }) => container))];
      this.history.podSeen(pod, { group: GONE_PODS, containers, nowMs });
    }
    for (const sample of samples.toSorted((a, b) => a.timeMs - b.timeMs)) told(this.history.add(sample));
    for (const { pod } of gone) this.history.podGone(pod);
  }

  /** @param raw a PodMetricsList. @throws ZodError if it is none. */
  seeUsage(raw: unknown, nowMs: number, told: (verdict: VpaSampleVerdict) => void): void {
    for (const { metadata, timestamp, containers } of metricsList.parse(raw).items) {
      const timeMs = Date.parse(timestamp);
      for (const { name: container, usage } of containers) {
        const used = { cpuMilli: parseCpuMilli(usage.cpu), memoryBytes: parseMemoryBytes(usage.memory) };
        const fault = readingFault({ used, timeMs }, { nowMs, lastMs: undefined, allocatable: CREDIBLE_MAX });
        told(fault ?? this.history.add({ pod: metadata.name, container, timeMs, ...used }));
      }
    }
  }
}

function isRunning(phase: string | undefined): boolean {
  return phase !== "Succeeded" && phase !== "Failed";
}

// Pods with the same labels are of one kind, as upstream tells them apart.
function groupOf(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .sort()
    .join(",");
}
