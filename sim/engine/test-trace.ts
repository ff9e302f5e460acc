// Small traces and fleets for the engine's tests.

import type { Resources } from "#model/resources.ts";
import type { TracePod } from "../traces/trace.ts";
import type { PlacementPolicy } from "./placement-policy.ts";
import { placementPolicies } from "./policies.ts";

const MIB = 1024 ** 2;
const GIB = 1024 ** 3;

interface TracePodOverrides {
  readonly id?: string;
  readonly app?: string;
  readonly cpuMilli?: number;
  readonly memoryMib?: number;
  readonly from?: number;
  readonly to?: number;
  readonly maxPerNode?: number;
}

/** A pod of `cart` with 500m and 1 GiB that is there from the start and stays, unless said otherwise. */
export function aTracePod(overrides: TracePodOverrides = {}): TracePod {
  const {
    id = "pod-1",
    app = "cart",
    cpuMilli = 500,
    memoryMib = 1024,
    from = 0,
    to,
    maxPerNode,
  } = overrides;
  return {
    id,
    app,
    request: { cpuMilli, memoryBytes: memoryMib * MIB },
    createSeconds: from,
    deleteSeconds: to,
    ...(maxPerNode !== undefined && { maxPerNode }),
  };
}

export const SMALL_NODE: Resources = { cpuMilli: 8_000, memoryBytes: 16 * GIB };

export function policyNamed(name: string): PlacementPolicy {
  const policy = placementPolicies().find((known) => known.name === name);
  if (policy === undefined) throw new Error(`no policy ${name}`);
  return policy;
}
