// How an app's mesh stands, as one value that every output shows: where it runs, what it costs and how well that is known,
// what it may use and what it lends and borrows, what was refused, and how its configuration reaches the nodes.

import type { AppName, NodeName } from "#model/brand.ts";
import type { UnitCost } from "#model/mesh-cost.ts";
import type { AppCost, AppPorts, Isolation, PlacementLimits, Quota } from "#model/mesh-profile.ts";
import type { Resources } from "#model/resources.ts";
import type { AppShare } from "#model/shares.ts";
import type { InstanceUse } from "./fleet-figures.ts";

export interface AppExplanation {
  readonly app: AppName;
  /** Whether it has a profile of its own. */
  readonly profile: "own" | "default";
  readonly pods: number;
  readonly pending: number;
  readonly reuse: number | null;
  readonly ports: AppPorts | null;
  readonly isolation: Isolation;
  readonly placement: PlacementLimits;
  readonly costs: AppCosts;
  readonly quota: Quota;
  readonly lending: Lending | null;
  readonly release: AppRelease | null;
  /** One a node; those with most pods first. */
  readonly instances: readonly ExplainedInstance[];
  /** What could not be had, and why. */
  readonly missing: readonly string[];
}

export interface AppCosts {
  readonly charged: "learned" | "given";
  /** What a node pays: once, and for each pod with its planned traffic. */
  readonly unit: UnitCost;
  readonly given: AppCost;
  readonly learned: LearnedCosts | null;
}

export interface LearnedCosts {
  readonly cost: AppCost;
  /** From 0 to 1; charged from 0.5 on. */
  readonly confidence: number;
  readonly samples: number | null;
  /** What they were learned from; null where only the profile's status tells of them. */
  readonly from: "instances" | "totals" | null;
}

/** Summed over the instances whose shares and usage are known. */
export interface Lending {
  readonly guaranteed: Resources;
  /** Used above the guarantee: what others do not use of theirs. */
  readonly borrowed: Resources;
  /** Of the guarantee, not used: what others may borrow. */
  readonly lendable: Resources;
}

export interface AppRelease {
  readonly phase: string;
  readonly settledVersion: number;
  readonly targetVersion: number | null;
  readonly nodes: { readonly total: number; readonly updated: number; readonly proven: number };
  readonly message: string;
}

export interface ExplainedInstance {
  readonly node: NodeName;
  readonly pods: number;
  /** By the costs that are charged, before the node's correction. */
  readonly needs: Resources;
  readonly share: AppShare | null;
  /** As the recommender measured it last. */
  readonly used: InstanceUse | null;
  readonly measuredAtMs: number | null;
  readonly throttling: Throttling | null;
}

/** Since the instance is there. */
export interface Throttling {
  /** Refused by a quota, by reason. */
  readonly refused: Readonly<Record<string, number>>;
  readonly requests: number;
  /** Time in which it read nothing, its CPU or bandwidth being used up. */
  readonly heldSeconds: number;
  /** What is lent to it included; null without a limit. */
  readonly cpuLimitCores: number | null;
}
