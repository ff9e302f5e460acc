// The mesh of a scenario as the engine takes it.

import type { AppCost } from "#model/mesh-profile.ts";
import { parseCpuMilli, parseMemoryBytes, type Rounding } from "#model/quantity.ts";
import type { Resources } from "#model/resources.ts";
import type { Scenario } from "./scenario-schema.ts";

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

/** What an app costs with one of the scenario's bases. */
export function appCostOf(mesh: Scenario["mesh"], base: WrittenResources): AppCost {
  return {
    base: resourcesOf(base),
    perPod: resourcesOf(mesh.perPod),
    perConnection: resourcesOf(mesh.perConnection),
    perKiloRps: resourcesOf(mesh.perKiloRps),
    connectionsPerPod: mesh.connectionsPerPod,
    kiloRpsPerPod: mesh.kiloRpsPerPod,
  };
}
