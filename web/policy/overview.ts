// The head of every screen: the cluster's totals, and which of Berth's parts answer.

import { type FleetTotals, fleetTotals, type FleetView, NO_USAGE } from "./fleet-figures.ts";
import type { Trouble } from "./wire.ts";

export interface Overview {
  /** Where the state comes from. */
  readonly cluster: string;
  readonly totals: FleetTotals;
  /** Why the figures may be old; empty if they are not. */
  readonly staleReasons: readonly string[];
  readonly parts: readonly PartState[];
}

export interface PartState {
  readonly name: string;
  /** Absent if it answers. */
  readonly trouble?: Trouble;
}

export interface OverviewInput {
  readonly cluster: string;
  readonly fleet: FleetView;
  readonly staleReasons: readonly string[];
  readonly parts: readonly PartState[];
}

export function overview({ cluster, fleet, staleReasons, parts }: OverviewInput): Overview {
  return { cluster, totals: fleetTotals(fleet, NO_USAGE), staleReasons, parts };
}
