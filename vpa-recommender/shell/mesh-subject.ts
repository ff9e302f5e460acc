// Node proxies as a sizing loop's subject: by the mesh pods on their nodes and what was learned of them.

import type { AppName, NodeName } from "#model/brand.ts";
import type { ClusterLedger } from "#model/ledger.ts";
import type { NodeAccount } from "#model/node-ledger.ts";
import { isWithin, type Resources } from "#model/resources.ts";
import { nodeSituation, type PlannedSituation, type SizedProxy } from "../policy/node-situation.ts";
import type { PlannerOptions } from "../policy/resize-planner.ts";
import { explainSize, type SizeExplanation } from "../policy/size-explanation.ts";
import type { SizingModel } from "../policy/sizing-model.ts";
import { type SizingRules, sizingRules } from "../policy/sizing-rules.ts";
import type { AutoscalerBook } from "./autoscaler-book.ts";
import type { ProxyPod } from "./proxy-pod.ts";
import type { Resizer } from "./resizer.ts";
import { ShareTeller } from "./share-teller.ts";
import type { SizingSubject } from "./sizing-subject.ts";

export interface MeshSubjectOptions {
  readonly ledger: ClusterLedger;
  readonly model: SizingModel;
  readonly autoscalers: AutoscalerBook;
  readonly resizer: Pick<Resizer, "publishShares">;
  readonly defaults: PlannerOptions;
}

export class MeshSubject implements SizingSubject {
  readonly shares: ShareTeller;
  readonly #options: MeshSubjectOptions;

  constructor(options: MeshSubjectOptions) {
    this.#options = options;
    const { ledger, resizer } = options;
    this.shares = new ShareTeller({ ledger, resizer, capOf: this.capOf });
  }

  /** The platform's cap for an app on such a proxy. */
  readonly capOf = (proxy: ProxyPod, app: AppName): Partial<Resources> =>
    this.#options.autoscalers.of(proxy)?.caps.get(app) ?? {};

  situationOf(name: NodeName, proxy: SizedProxy, nowMs: number): PlannedSituation | undefined {
    const { ledger, model } = this.#options;
    const requiredOf = (node: NodeAccount): Resources => model.requiredNow(node, nowMs);
    const aheadOf = (node: NodeAccount): Resources => model.requiredAhead(node, nowMs);
    return nodeSituation(ledger, { name, proxy, requiredOf, aheadOf });
  }

  rulesOf(proxy: ProxyPod): SizingRules {
    return sizingRules(this.#options.autoscalers.of(proxy), this.#options.defaults);
  }

  // Nominated pods are not on the node yet.
  isShort(name: NodeName, current: Resources): boolean {
    const node = this.#options.ledger.node(name);
    return node !== undefined && !isWithin(node.required(), node.counted ?? current);
  }

  explain(name: NodeName, nowMs: number): SizeExplanation | undefined {
    return explainSize(this.#options.ledger, this.#options.model, { name, nowMs });
  }
}
