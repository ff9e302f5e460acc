// The mesh of a scenario as the engine takes it.

import type { AppCost } from "#model/mesh-profile.ts";
import type { Scenario } from "./scenario-schema.ts";
import { resourcesOf, type WrittenResources } from "./written-resources.ts";

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
