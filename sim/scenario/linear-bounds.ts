// A scenario's report with the bounds of the linear program in place of the plain sums, where they are higher. They are of
// the pods that ran at a run's peak; a run in which pods waited at that moment keeps the sums, since nobody can tell
// afterwards which pods they were.

import { linearBound, type LinearBound } from "../bounds/linear-bound.ts";
import { fitsAlone } from "../bounds/instances-min.ts";
import { type AppNeed, type NodeShape, proxiedApps, shapesOf, sidecarApps } from "../bounds/packing-need.ts";
import { appProfiles } from "../engine/app-profiles.ts";
import type { ComparedRun } from "../engine/comparison.ts";
import type { PlacementPolicy } from "../engine/placement-policy.ts";
import { PodMaker, type ReplayPod } from "../engine/replay-pod.ts";
import { subtractResources } from "#model/resources.ts";
import type { PreparedScenario, ScenarioReport } from "./scenario-run.ts";

type Base = PreparedScenario["bases"][number];

/** @param onBound told of each program before it is solved. */
export async function withLinearBounds(
  report: ScenarioReport,
  prepared: PreparedScenario,
  onBound?: (what: string) => void,
): Promise<ScenarioReport> {
  const results: ScenarioReport["results"][number][] = [];
  for (const result of report.results) {
    const base = prepared.bases.find(({ name }) => name === result.base);
    const known = new Map<string, Promise<LinearBound | undefined>>();
    const runs: ComparedRun[] = [];
    for (const run of result.comparison.runs) {
      const policy = prepared.policies.find(({ name }) => name === run.policy);
      runs.push(
        policy === undefined || base === undefined
          ? run
          : bounded(run, await boundOf(run, { prepared, policy, base, known, onBound })),
      );
    }
    results.push({ ...result, comparison: { ...result.comparison, runs } });
  }
  return { ...report, results };
}

function bounded(run: ComparedRun, found: LinearBound | undefined): ComparedRun {
  const { instances, nodes } = run.bounds;
  if (found?.outcome !== "solved" || found.nodes === undefined) return run;
  return {
    ...run,
    bounds: {
      ...run.bounds,
      instances: Math.max(instances, found.instances),
      nodes: Math.max(nodes ?? 0, found.nodes),
    },
  };
}

interface RunContext {
  readonly prepared: PreparedScenario;
  readonly policy: PlacementPolicy;
  readonly base: Base;
  readonly known: Map<string, Promise<LinearBound | undefined>>;
  readonly onBound: ((what: string) => void) | undefined;
}

function boundOf(run: ComparedRun, context: RunContext): Promise<LinearBound | undefined> {
  const { policy, known } = context;
  // Under node proxies all policies pack the same need, if they reach their peak at one moment.
  const mesh = policy.mesh.kind === "sidecar" ? policy.name : "nodeProxy";
  const key = `${mesh}/${run.peak.atSeconds}/${run.peak.pods}`;
  let bound = known.get(key);
  if (bound === undefined) {
    bound = solved(run, context);
    known.set(key, bound);
  }
  return bound;
}

async function solved(
  run: ComparedRun,
  { prepared, policy, base, onBound }: RunContext,
): Promise<LinearBound | undefined> {
  const shapes = shapesFor(prepared, policy);
  const pods = podsAtPeak(run, { prepared, policy });
  const { podsPerNodeMax } = prepared.scenario.mesh;
  const profiles = appProfiles(prepared.pods.pods, {
    cost: base.cost,
    ...(podsPerNodeMax !== undefined && { podsPerNodeMax }),
  });
  const apps = policy.mesh.kind === "sidecar" ? sidecarApps(pods) : proxiedApps(pods, profiles);
  const placeable = apps.map((app) => withoutHopeless(app, shapes));
  const count = placeable.reduce(
    (sum, { kinds }) => sum + kinds.reduce((total, kind) => total + kind.pods, 0),
    0,
  );
  if (count !== run.peak.pods) return undefined;
  onBound?.(`bound of ${policy.name}`);
  return linearBound({ apps: placeable.filter(({ kinds }) => kinds.length > 0), shapes });
}

// Those that fit on no node never ran.
function withoutHopeless(app: AppNeed, shapes: readonly NodeShape[]): AppNeed {
  return {
    ...app,
    kinds: app.kinds.filter(({ size }) => shapes.some((shape) => fitsAlone(size, app.base, shape))),
  };
}

function shapesFor(
  { fleet, proxyBase, scenario }: PreparedScenario,
  { mesh }: PlacementPolicy,
): readonly NodeShape[] {
  const isProxied = mesh.kind === "nodeProxy";
  const slots = scenario.fleet.podsPerNode - (isProxied ? 1 : 0);
  const shapeOf = (allocatable: NodeShape["free"]): Omit<NodeShape, "count"> => ({
    free: isProxied ? subtractResources(allocatable, proxyBase) : allocatable,
    slots,
  });
  return fleet.kind === "auto"
    ? [{ ...shapeOf(fleet.nodeSize), count: Infinity }]
    : shapesOf(fleet.nodes.map(({ allocatable }) => shapeOf(allocatable)));
}

// Pods of one second come and go in an order of their own: the count tells whether these are those that ran.
function podsAtPeak(
  { peak }: ComparedRun,
  { prepared, policy }: { readonly prepared: PreparedScenario; readonly policy: PlacementPolicy },
): readonly ReplayPod[] {
  const maker = new PodMaker(policy.mesh);
  return prepared.pods.pods
    .filter(
      ({ createSeconds, deleteSeconds = Infinity }) =>
        createSeconds <= peak.atSeconds && deleteSeconds > peak.atSeconds,
    )
    .map((pod) => maker.make(pod));
}
