// The profile of shop/cart: round costs that are easy to add up, no quota, no limits, unless said otherwise.

import type { AppCost, MeshProfile } from "#model/mesh-profile.ts";
import { noResources } from "#model/resources.ts";
import { anApp } from "./a-pod.ts";
import { MIB } from "./sizes.ts";

interface ProfileOverrides extends Partial<Omit<MeshProfile, "app" | "cost">> {
  readonly app?: string;
  readonly cost?: Partial<AppCost>;
}

export function aProfile({ app = "cart", cost, ...rest }: ProfileOverrides = {}): MeshProfile {
  return {
    app: anApp(app),
    cost: { ...ROUND_COST, ...cost },
    quota: {},
    placement: {},
    ports: undefined,
    ...rest,
  };
}

/** 50m and 100 MiB for an instance, 10m and 10 MiB for each pod; traffic costs nothing. */
const ROUND_COST: AppCost = {
  base: { cpuMilli: 50, memoryBytes: 100 * MIB },
  perPod: { cpuMilli: 10, memoryBytes: 10 * MIB },
  perConnection: noResources,
  perKiloRps: noResources,
  connectionsPerPod: 0,
  kiloRpsPerPod: 0,
};
