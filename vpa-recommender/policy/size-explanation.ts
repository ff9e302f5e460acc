// Why a node's proxy has the size it has, as figures: what each app calls for by the model, and what the node was seen to
// use of that sum.

import type { AppName, NodeName } from "#model/brand.ts";
import type { Correction } from "#model/correction.ts";
import type { LedgerView } from "#model/ledger.ts";
import { chargedCost, modelCost } from "#model/mesh-cost.ts";
import type { Resources } from "#model/resources.ts";
import type { SizingModel } from "./sizing-model.ts";

export interface SizeExplanation {
  readonly base: Resources;
  /** Each app's part of the model's sum; the largest part of memory first. */
  readonly apps: readonly AppPart[];
  /** What the proxy is sized by, as a share of the model's sum. */
  readonly demand: Correction;
  /** What placement counts, as a share of the same sum. */
  readonly correction: Correction;
  /** What it saves that the apps' peaks do not coincide: their own peaks of a day added up, less the peak of their sum. */
  readonly pooled: Resources | undefined;
}

interface AppPart extends Resources {
  readonly app: AppName;
  readonly pods: number;
  /** Whether its costs are learned ones or the profile's. */
  readonly costs: "learned" | "given";
}

export function explainSize(
  ledger: LedgerView,
  model: SizingModel,
  { name, nowMs }: { readonly name: NodeName; readonly nowMs: number },
): SizeExplanation | undefined {
  const node = ledger.node(name);
  if (node === undefined) return undefined;
  const apps = [...node.appPods].map(([app, pods]): AppPart => {
    const profile = ledger.profile(app);
    const cost = modelCost([[ledger.unitCost(app), pods]]);
    const { cpuMilli, memoryBytes } = cost;
    return {
      app,
      pods,
      cpuMilli,
      memoryBytes,
      costs: chargedCost(profile) === profile.cost ? "given" : "learned",
    };
  });
  apps.sort((a, b) => b.memoryBytes - a.memoryBytes || (a.app < b.app ? -1 : 1));
  const { proxyBase: base, correction } = node;
  const demand = model.demandNow(node, nowMs);
  return { base, apps, demand, correction, pooled: model.pooledOf(name) };
}
