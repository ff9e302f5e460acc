// What is lost with one node, or with one zone: pods, the apps that lose any, and the apps that lose all they have.

import type { AppName } from "#model/brand.ts";
import type { SurveyedNode, SurveyedPod } from "./surveyed-cluster.ts";

export interface BlastRadius {
  readonly node: Losses;
  /** Undefined where nodes have no zones. */
  readonly zone: Losses | undefined;
}

/** Over the nodes in use, or the zones with one; apps are those of the mesh. */
export interface Losses {
  readonly podsP50: number;
  readonly podsMax: number;
  readonly appsP50: number;
  readonly appsMax: number;
  /** Apps whose last pod goes too. */
  readonly appsGoneMax: number;
}

export function blastRadius(nodes: readonly SurveyedNode[]): BlastRadius {
  const all = countsOf(nodes.flatMap(({ pods }) => pods));
  const zones = Map.groupBy(nodes, ({ account }) => account.zone);
  zones.delete("");
  return {
    node: losses(
      nodes.map(({ pods }) => pods),
      all,
    ),
    zone:
      zones.size === 0
        ? undefined
        : losses(
            [...zones.values()].map((ofZone) => ofZone.flatMap(({ pods }) => pods)),
            all,
          ),
  };
}

type AppCounts = ReadonlyMap<AppName, number>;

function losses(lost: readonly (readonly SurveyedPod[])[], all: AppCounts): Losses {
  const each = lost.map((pods) => {
    const apps = countsOf(pods);
    const gone = [...apps].filter(([app, count]) => all.get(app) === count);
    return { pods: pods.length, apps: apps.size, appsGone: gone.length };
  });
  const pods = each.map((one) => one.pods);
  const apps = each.map((one) => one.apps);
  return {
    podsP50: median(pods),
    podsMax: most(pods),
    appsP50: median(apps),
    appsMax: most(apps),
    appsGoneMax: most(each.map((one) => one.appsGone)),
  };
}

function countsOf(pods: readonly SurveyedPod[]): AppCounts {
  const counts = new Map<AppName, number>();
  for (const { app } of pods) if (app !== undefined) counts.set(app, (counts.get(app) ?? 0) + 1);
  return counts;
}

/** The nearest rank: at least half are no larger. */
function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.ceil(values.length / 2) - 1] ?? 0;
}

function most(values: readonly number[]): number {
  return values.reduce((a, b) => Math.max(a, b), 0);
}
