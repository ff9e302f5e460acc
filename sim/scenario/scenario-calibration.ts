// The calibration of a scenario's generated workload.

import { UsageError } from "#runtime/usage-error.ts";
import { calibration, type CalibrationRow } from "../traces/calibration.ts";
import { generateTrace } from "../traces/generator.ts";
import { generatorOptions } from "./scenario-pods.ts";
import type { Scenario } from "./scenario-schema.ts";

/** @throws UsageError for a scenario whose pods are read, not generated. */
export function calibrationOf({ workload }: Scenario, seed: number): readonly CalibrationRow[] {
  if (workload.generator === undefined) {
    throw new UsageError("only a generated workload has a calibration; this one is read from a trace");
  }
  const options = generatorOptions(workload.generator, seed);
  const { spanSeconds, podSize = 1 } = options;
  return calibration(generateTrace(options), { spanSeconds, podSize });
}
