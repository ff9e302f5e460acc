// A scenario's report with the fewest nodes that each of its runs would have needed.

import type { ComparedRun } from "../engine/comparison.ts";
import { minimumNodes } from "../engine/minimum-nodes.ts";
import type { PreparedScenario, ScenarioReport } from "./scenario-run.ts";

export interface MinimumNodesWish {
  /** Orders of nodes and pods to try for each run. */
  readonly rounds: number;
  readonly onRun?: (what: string) => void;
}

export function withMinimumNodes(
  report: ScenarioReport,
  prepared: PreparedScenario,
  { rounds, onRun }: MinimumNodesWish,
): ScenarioReport {
  const { pods, fleet, proxyBase, events, scenario, seed } = prepared;
  const { podsPerNodeMax } = scenario.mesh;
  const results = report.results.map((result) => {
    const cost = prepared.bases.find(({ name }) => name === result.base)?.cost;
    const runs = result.comparison.runs.map((run): ComparedRun => {
      const policy = prepared.policies.find(({ name }) => name === run.policy);
      if (policy === undefined || cost === undefined) return run;
      onRun?.(`fewest nodes, ${run.policy}, ${run.order}`);
      const fewest = minimumNodes({
        pods: pods.pods,
        policy,
        fleet,
        seed,
        order: run.order,
        run,
        rounds,
        proxyBase,
        events,
        podsPerNodeMax: scenario.fleet.podsPerNode,
        profiles: { cost, ...(podsPerNodeMax !== undefined && { podsPerNodeMax }) },
      });
      return Object.assign({}, run, { minimumNodes: fewest });
    });
    return Object.assign({}, result, { comparison: { ...result.comparison, runs } });
  });
  return { ...report, results };
}
