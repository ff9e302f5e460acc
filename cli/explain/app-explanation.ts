// How an app's mesh stands, as one value that every output shows: where it runs, what it costs and how well that is known,
// what it may use and what it lends and borrows, what was refused, and how its configuration reaches the nodes.

import { decodeMeshProfile, type MeshProfileObject } from "#kube/mesh-profile-schema.ts";
import { decodeRuntimeConfig } from "#kube/runtime-config-schema.ts";
import type { AppName, NodeName } from "#model/brand.ts";
import { chargedCost, modelCost, type UnitCost, unitCost } from "#model/mesh-cost.ts";
import {
  type AppCost,
  type AppPorts,
  defaultProfile,
  type Isolation,
  type PlacementLimits,
  type Quota,
} from "#model/mesh-profile.ts";
import {
  addResources,
  maxResources,
  noResources,
  type Resources,
  subtractResources,
} from "#model/resources.ts";
import type { AppShare } from "#model/shares.ts";
import type { InstanceUsageReply } from "#vpa-recommender/shell/usage-api.ts";
import { appFigures, NO_USAGE } from "#web/policy/fleet-figures.ts";
import type { AppFacts } from "./app-facts.ts";

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
  readonly used: InstanceUsageReply | null;
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

export function appExplanation(facts: AppFacts): AppExplanation {
  const { app, profile: object, fleet, missing } = facts;
  const profile = object === undefined ? defaultProfile(app) : decodeMeshProfile(object);
  const figures = appFigures(fleet, NO_USAGE).find((row) => row.app === app);
  const { quota, isolation = "thread" } = decodeRuntimeConfig(object?.spec ?? {});
  const instances = explainedInstances(facts);
  return {
    app,
    profile: object === undefined ? "default" : "own",
    pods: figures?.pods ?? 0,
    pending: figures?.pending ?? 0,
    reuse: figures?.reuse ?? null,
    ports: profile.ports ?? null,
    isolation,
    placement: profile.placement,
    costs: {
      charged: chargedCost(profile) === profile.cost ? "given" : "learned",
      unit: unitCost(chargedCost(profile)),
      given: profile.cost,
      learned: learnedCosts(facts),
    },
    quota,
    lending: lendingOf(instances),
    release: releaseOf(object),
    instances,
    missing,
  };
}

// What the recommender knows now is newer than what it last wrote into the status.
function learnedCosts({ told, profile }: AppFacts): LearnedCosts | null {
  if (told?.learned !== null && told?.learned !== undefined) {
    const { cost, confidence, samples, from } = told.learned;
    return { cost, confidence, samples, from };
  }
  const learned = profile && decodeMeshProfile(profile).learned;
  if (learned === undefined) return null;
  return { ...learned, samples: profile?.status?.learned?.samples ?? null, from: null };
}

function releaseOf(profile: MeshProfileObject | undefined): AppRelease | null {
  const release = profile?.status?.release;
  if (release === undefined) return null;
  const { phase, settled, target, nodes, message } = release;
  return {
    phase,
    settledVersion: settled.version,
    targetVersion: target?.version ?? null,
    nodes,
    message,
  };
}

function explainedInstances({ app, fleet, proxies, told, scrapes }: AppFacts): readonly ExplainedInstance[] {
  const usage = new Map(told?.instances.map((instance) => [instance.node, instance]));
  const unit = fleet.ledger.unitCost(app);
  const rows = [...fleet.ledger.nodesOfApp(app)].map(({ name, appPods }): ExplainedInstance => {
    const pods = appPods.get(app) ?? 0;
    const proxy = proxies.get(name);
    const { node: _, timeMs = null, ...used } = usage.get(name) ?? { node: name, timeMs: null };
    return {
      node: name,
      pods,
      needs: modelCost([[unit, pods]]),
      share: proxy?.shares?.apps.get(app) ?? null,
      used: "pods" in used ? used : null,
      measuredAtMs: timeMs,
      throttling: (proxy && throttlingOf(app, scrapes.scrapes.get(proxy))) ?? null,
    };
  });
  return rows.toSorted((a, b) => b.pods - a.pods || (a.node < b.node ? -1 : 1));
}

type Scraped = ReturnType<AppFacts["scrapes"]["scrapes"]["get"]>;

function throttlingOf(app: AppName, scrape: Scraped): Throttling | undefined {
  // Beyond its number of series a proxy counts further apps together, as "other".
  const isCounted = scrape?.sum("berth_proxy_instance_serving", { app }) === 1;
  if (scrape === undefined || !isCounted) return undefined;
  const limit = scrape.sum("berth_proxy_instance_cpu_limit_cores", { app });
  return {
    refused: scrape.sumBy("berth_proxy_throttled_requests_total", "reason", { app }),
    requests: scrape.sum("berth_proxy_requests_total", { app }),
    heldSeconds: scrape.sum("berth_proxy_instance_held_seconds_total", { app }),
    cpuLimitCores: limit === 0 ? null : limit,
  };
}

function lendingOf(instances: readonly ExplainedInstance[]): Lending | null {
  let known = 0;
  let [guaranteed, borrowed, lendable] = [noResources, noResources, noResources];
  for (const { share, used } of instances) {
    if (share === null || used === null) continue;
    known += 1;
    guaranteed = addResources(guaranteed, share.guaranteed);
    borrowed = addResources(borrowed, above(used, share.guaranteed));
    lendable = addResources(lendable, above(share.guaranteed, used));
  }
  return known === 0 ? null : { guaranteed, borrowed, lendable };
}

function above(amount: Resources, bound: Resources): Resources {
  return maxResources(noResources, subtractResources(amount, bound));
}
