// The pods that a run replays: of a trace, or generated.

import { loadTrace } from "#sim/traces/load-trace.ts";
import { generateTrace } from "#sim/traces/generator.ts";
import type { TracePod } from "#sim/traces/trace.ts";
import type { StartOptions } from "./start-options.ts";

const PODS_GENERATED = 2_000;
/** Six hours pass in six minutes at the default speed. */
const SPAN_SECONDS = 6 * 3_600;
/** Pods of services, not the VMs the published figures count: smaller, and more of them stay. */
const POD_SIZE = 0.25;
const BATCH_SHARE = 0.3;

/**
 * @throws UsageError if the trace cannot be read.
 */
export async function loadPods({ trace, pods, seed }: StartOptions): Promise<readonly TracePod[]> {
  if (trace !== undefined) return loadTrace(trace, pods === undefined ? {} : { limit: pods });
  return generateTrace({
    seed,
    pods: pods ?? PODS_GENERATED,
    spanSeconds: SPAN_SECONDS,
    podSize: POD_SIZE,
    batchShare: BATCH_SHARE,
  });
}
