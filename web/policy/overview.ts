// The head of every screen: the cluster's totals, and which of Berth's parts answer.

import { type FleetTotals, fleetTotals, type FleetUsage, type FleetView, NO_USAGE } from "./fleet-figures.ts";
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
  /** What the recommender holds each node's proxy to need; of others it is what placement counts. */
  readonly held: FleetUsage["required"];
  readonly staleReasons: readonly string[];
  readonly parts: readonly PartState[];
}

export function overview({ cluster, fleet, held, staleReasons, parts }: OverviewInput): Overview {
  return { cluster, totals: fleetTotals(fleet, { ...NO_USAGE, required: held }), staleReasons, parts };
}
