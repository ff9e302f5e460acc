// CPU and memory as a scenario file writes them.

import { parseCpuMilli, parseMemoryBytes, type Rounding } from "#model/quantity.ts";
import type { Resources } from "#model/resources.ts";

export interface WrittenResources {
  readonly cpu: string | number;
  readonly memory: string | number;
}

/** The schema has seen to it that both are quantities. */
export function resourcesOf({ cpu, memory }: WrittenResources, rounding: Rounding = "up"): Resources {
  return {
    cpuMilli: parseCpuMilli(String(cpu), rounding),
    memoryBytes: parseMemoryBytes(String(memory), rounding),
  };
}
