// Makes the explanation of an app out of what is known of it.

import { decodeMeshProfile, type MeshProfileObject } from "#kube/mesh-profile-schema.ts";
import { decodeRuntimeConfig } from "#kube/runtime-config-schema.ts";
import type { AppName } from "#model/brand.ts";
import { chargedCost, modelCost, unitCost } from "#model/mesh-cost.ts";
import { defaultProfile } from "#model/mesh-profile.ts";
import {
  addResources,
  maxResources,
  noResources,
  type Resources,
  subtractResources,
} from "#model/resources.ts";
import type {
  AppExplanation,
  AppRelease,
  ExplainedInstance,
  LearnedCosts,
  Lending,
  Throttling,
} from "#web/policy/app-explanation.ts";
import { appFigures, NO_USAGE } from "#web/policy/fleet-figures.ts";
import type { AppFacts } from "./app-facts.ts";

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
