// Some DaemonSet's pods as a sizing loop's subject: by what they use, and what the workloads on their nodes let expect.

import type { NodeName } from "#model/brand.ts";
import type { ClusterLedger } from "#model/ledger.ts";
import { required } from "#model/mesh-cost.ts";
import { isWithin, maxResources, noResources, type Resources, subtractResources } from "#model/resources.ts";
import type { DaemonModel } from "../policy/daemon-model.ts";
import type { PlannedSituation, SizedProxy } from "../policy/node-situation.ts";
import type { PlannerOptions } from "../policy/resize-planner.ts";
import type { SizeExplanation } from "../policy/size-explanation.ts";
import { type SizingRules, sizingRules } from "../policy/sizing-rules.ts";
import type { AutoscalerBook } from "./autoscaler-book.ts";
import type { NodeCensus } from "./node-census.ts";
import type { ProxyPod } from "./proxy-pod.ts";
import type { SizingSubject } from "./sizing-subject.ts";

export interface DaemonSubjectOptions {
  readonly ledger: ClusterLedger;
  readonly model: DaemonModel;
  readonly census: NodeCensus;
  readonly autoscalers: AutoscalerBook;
  readonly defaults: PlannerOptions;
  readonly nowMs: () => number;
}

export class DaemonSubject implements SizingSubject {
  readonly shares = undefined;
  readonly #options: DaemonSubjectOptions;

  constructor(options: DaemonSubjectOptions) {
    this.#options = options;
  }

  situationOf(name: NodeName, proxy: SizedProxy, nowMs: number): PlannedSituation | undefined {
    const { ledger, model, census } = this.#options;
    const node = ledger.node(name);
    const needed = model.requiredNow({ name, workloads: census.of(name) }, nowMs);
    if (node === undefined || needed === undefined) return undefined;
    const own = node.occupants.get(proxy.uid)?.request ?? noResources;
    const others = subtractResources(node.requested, own);
    // The node proxy's room is not this pod's, whatever the proxy has of it by now.
    const mesh = node.counted === undefined ? noResources : maxResources(node.counted, required(node));
    const { current, infeasible, next } = proxy;
    const awaited = next === undefined || node.occupants.has(next.uid) ? undefined : next.requests;
    const ceiling = subtractResources(subtractResources(node.allocatable, others), mesh);
    return { required: needed, planned: noResources, current, infeasible, awaited, ceiling };
  }

  rulesOf(proxy: ProxyPod): SizingRules {
    const { autoscalers, defaults } = this.#options;
    const autoscaler = autoscalers.of(proxy);
    // Without its autoscaler a DaemonSet is nobody's to size.
    return autoscaler === undefined ? { planner: defaults, mode: "Off" } : sizingRules(autoscaler, defaults);
  }

  isShort(name: NodeName, current: Resources): boolean {
    const { model, census, nowMs } = this.#options;
    const needed = model.requiredNow({ name, workloads: census.of(name) }, nowMs());
    return needed !== undefined && !isWithin(needed, current);
  }

  explain(): SizeExplanation | undefined {
    return undefined;
  }
}
