// An instance as `GET /v1/instances` shows it.

import type { NodePod } from "../policy/pod-registry.ts";
import { REASONS } from "../policy/reasons.ts";
import type { ReasonName } from "../policy/reasons.ts";
import type { Instance } from "./instance.ts";
import { DIRECTIONS } from "./instance-counters.ts";
import type { DirectionCounts } from "./instance-counters.ts";

export function instanceReport(instance: Instance, pods: readonly NodePod[]): Record<string, unknown> {
  const { app, state, counters, lastExit } = instance;
  const counts = counters.read();
  return {
    app,
    state: state.phase.kind,
    // While the worker starts or rests, the ports it will take; chosen by the system where they are 0.
    ports: instance.isServing ? instance.boundPorts : (instance.boundPorts ?? state.ports ?? null),
    quota: instance.quota,
    limits: instance.limits,
    isolation: instance.isolation,
    processIds: instance.processIds,
    pods: pods
      .filter((pod) => pod.app === app)
      .map(({ uid, namespace, name, address, port, condition }) => ({
        uid,
        namespace,
        name,
        address,
        port: port ?? null,
        condition,
      })),
    replacements: instance.recycles,
    restarts: Object.fromEntries(instance.restarts),
    lastExit: lastExit === undefined ? null : { ...lastExit, message: lastExit.message ?? null },
    cpuSeconds: instance.cpuSeconds,
    heapUsedBytes: counters.get("heapUsedBytes"),
    externalBytes: counters.get("externalBytes"),
    memoryBytes: instance.memoryBytes,
    counters: Object.fromEntries(DIRECTIONS.map((direction) => [direction, countsReport(counts[direction])])),
  };
}

function countsReport({ reasons, ...counts }: DirectionCounts): Record<string, unknown> {
  const byCode = (Object.entries(reasons) as [ReasonName, number][]).map(
    ([name, count]) => [REASONS[name].code, count] as const,
  );
  return { ...counts, reasons: Object.fromEntries(byCode) };
}
