// Why a node's proxy has the size it has, as figures: what each app calls for by the model, and what the node was seen to
// use of that sum.

import type { AppName, NodeName } from "#model/brand.ts";
import type { Correction } from "#model/correction.ts";
import type { LedgerView } from "#model/ledger.ts";
import { chargedCost, modelCost } from "#model/mesh-cost.ts";
import { type Resources, scaleResources } from "#model/resources.ts";
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
  /** What the app's first pod alone adds, and what all its pods add to that. */
  readonly base: Resources;
  readonly ofPods: Resources;
  /** Whether its costs are learned ones or the profile's. */
  readonly costs: "learned" | "given";
  /** How well its costs are learned, from 0 to 1, whether they are charged yet or not; null if nothing was. */
  readonly confidence: number | null;
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
    const unit = ledger.unitCost(app);
    const cost = modelCost([[unit, pods]]);
    const { cpuMilli, memoryBytes } = cost;
    return {
      app,
      pods,
      cpuMilli,
      memoryBytes,
      base: unit.base,
      ofPods: scaleResources(unit.perPod, pods),
      confidence: model.learnedOf(app)?.confidence ?? profile.learned?.confidence ?? null,
      costs: chargedCost(profile) === profile.cost ? "given" : "learned",
    };
  });
  apps.sort((a, b) => b.memoryBytes - a.memoryBytes || (a.app < b.app ? -1 : 1));
  const { proxyBase: base, correction } = node;
  const demand = model.demandNow(node, nowMs);
  return { base, apps, demand, correction, pooled: model.pooledOf(name) };
}
