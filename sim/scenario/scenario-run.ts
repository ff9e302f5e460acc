// Runs a scenario with one seed: each policy, in each order, with each base of an instance.

import { type UnitCost, unitCost } from "#model/mesh-cost.ts";
import type { AppCost } from "#model/mesh-profile.ts";
import type { Resources } from "#model/resources.ts";
import { UsageError } from "#runtime/usage-error.ts";
import { compare, ordersOf, type ComparedRun, type Comparison } from "../engine/comparison.ts";
import type { FleetShape } from "../engine/fleet.ts";
import type { PlacementPolicy } from "../engine/placement-policy.ts";
import { orderedScenario, type ScenarioEvent } from "../engine/scenario-event.ts";
import type { RunConditions } from "../engine/run-conditions.ts";
import { moneyOf, type RunMoney } from "./money.ts";
import { checkConditions, conditionsOf } from "./scenario-conditions.ts";
import type { PlaceOf } from "./place-of.ts";
import { fleetOf } from "./scenario-fleet.ts";
import { appCostOf } from "./scenario-mesh.ts";
import { resourcesOf } from "./written-resources.ts";
import { podsOf, type ScenarioPods } from "./scenario-pods.ts";
import { policiesOf } from "./scenario-policies.ts";
import type { Scenario } from "./scenario-schema.ts";
import { tooLargePods } from "./too-large-pods.ts";
import { tooSmallFleet } from "./too-small-fleet.ts";

/** Everything read and checked: from here on nothing can be wrong with what the user gave. */
export interface PreparedScenario {
  readonly scenario: Scenario;
  readonly seed: number;
  readonly pods: ScenarioPods;
  readonly fleet: FleetShape;
  readonly policies: readonly PlacementPolicy[];
  readonly bases: readonly { readonly name: string; readonly cost: AppCost }[];
  readonly proxyBase: Resources;
  readonly events: readonly ScenarioEvent[];
  readonly conditions: RunConditions;
  /** What is odd about it and was let pass. */
  readonly warnings: readonly string[];
}

export interface ScenarioContext {
  /** Where relative names of files start. */
  readonly folder: string;
  readonly seed: number;
  /** Those of the scenario and the seed, where they have been read already. */
  readonly pods?: ScenarioPods;
  /** Where the scenario's fields stand, if it was read from a file. */
  readonly placeOf?: PlaceOf;
}

/** @throws UsageError for files that cannot be read and for what cannot happen. */
export async function prepareScenario(
  scenario: Scenario,
  { folder, seed, pods: read, placeOf }: ScenarioContext,
): Promise<PreparedScenario> {
  const policies = await policiesOf(scenario, folder);
  const fleet = await fleetOf(scenario.fleet, folder);
  const pods = read ?? (await podsOf(scenario.workload, { folder, seed }));
  const nodes = fleet.kind === "fixed" ? fleet.nodes : undefined;
  const events = orderedScenario(scenario.events, {
    pods: pods.pods,
    nodes,
    placeOf: placeOf && ((index) => placeOf(["events", index])),
  });
  checkConditions(scenario, { pods: pods.pods, events, placeOf });
  const conditions = await conditionsOf(scenario, { pods: pods.pods, folder, placeOf });
  const bases = scenario.mesh.bases.map((base) => ({
    name: base.name,
    cost: appCostOf(scenario.mesh, base),
  }));
  const proxyBase = resourcesOf(scenario.mesh.proxyBase);
  const warnings: string[] = [];
  for (const { name, mesh } of policies) {
    for (const { cost } of bases) {
      const problem = tooLargePods(pods.pods, { fleet, mesh, cost, proxyBase });
      if (problem !== undefined) warnings.push(`under ${name}, ${problem}`);
    }
  }
  const [first] = warnings;
  if (first !== undefined && scenario.workload.tooLarge === "refuse") {
    const place = placeOf === undefined ? "" : `${placeOf(["fleet"])}: `;
    throw new UsageError(
      `${place}${first}. Give larger nodes, or set workload.tooLarge: wait to let them wait for good`,
    );
  }
  const short = tooSmallFleet(pods.pods, fleet);
  if (short !== undefined) warnings.push(short);
  return { scenario, seed, pods, fleet, policies, bases, proxyBase, events, conditions, warnings };
}

export interface ScenarioReport {
  readonly scenario: string;
  readonly seed: number;
  readonly results: readonly BaseResult[];
}

export interface BaseResult {
  /** Name of the base of an instance. */
  readonly base: string;
  readonly instanceBase: Resources;
  readonly costs: MeshCosts;
  readonly comparison: Comparison;
  /** By run, in the comparison's order; undefined without prices. */
  readonly money: readonly RunMoney[] | undefined;
}

/** What the node proxies of a scenario cost, whose apps are alike in that. */
export interface MeshCosts extends UnitCost {
  readonly proxyBase: Resources;
  /** Policies whose mesh is node proxies, and not sidecars. */
  readonly sharedBy: readonly string[];
}

/** How many replays a scenario takes. */
export function runsIn({ scenario, pods, policies, bases }: PreparedScenario): number {
  return bases.length * policies.length * ordersOf(pods.pods, scenario.workload.orders).length;
}

export interface RunOptions {
  /** Surveys take a while for small runs; true if absent. */
  readonly isSurveyed?: boolean;
}

export function runScenario(
  prepared: PreparedScenario,
  onRun?: (run: ComparedRun) => void,
  { isSurveyed = true }: RunOptions = {},
): ScenarioReport {
  const { scenario, seed, pods, fleet, policies, bases, proxyBase, events, conditions } = prepared;
  const { podsPerNodeMax } = scenario.mesh;
  const { orders } = scenario.workload;
  const sharedBy = policies.filter(({ mesh }) => mesh.kind === "nodeProxy").map(({ name }) => name);
  const results = bases.map(({ name, cost }): BaseResult => {
    const comparison = compare({
      trace: pods.name,
      pods: pods.pods,
      policies,
      fleet,
      seed,
      proxyBase,
      events,
      conditions,
      isSurveyed,
      podsPerNodeMax: scenario.fleet.podsPerNode,
      profiles: { cost, ...(podsPerNodeMax !== undefined && { podsPerNodeMax }) },
      ...(orders !== undefined && { orders }),
      ...(onRun !== undefined && { onRun }),
    });
    return {
      base: name,
      instanceBase: cost.base,
      costs: { ...unitCost(cost), proxyBase, sharedBy },
      comparison,
      money:
        scenario.prices &&
        moneyOf(comparison.runs, { scenario, prices: scenario.prices, shape: fleet, pods: pods.pods }),
    };
  });
  return { scenario: scenario.name, seed, results };
}
