// What a sizing loop sizes: node proxies by the mesh pods on their nodes, or some DaemonSet's pods by what they use.

import type { NodeName } from "#model/brand.ts";
import type { Resources } from "#model/resources.ts";
import type { PlannedSituation, SizedProxy } from "../policy/node-situation.ts";
import type { SizeExplanation } from "../policy/size-explanation.ts";
import type { SizingRules } from "../policy/sizing-rules.ts";
import type { ProxyPod } from "./proxy-pod.ts";
import type { ShareTeller } from "./share-teller.ts";

export interface SizingSubject {
  /** Undefined while too little is known to size the node's pod. */
  situationOf(name: NodeName, proxy: SizedProxy, nowMs: number): PlannedSituation | undefined;
  rulesOf(proxy: ProxyPod): SizingRules;
  /** The pods that run on the node call for more than its proxy has been granted. */
  isShort(name: NodeName, current: Resources): boolean;
  explain(name: NodeName, nowMs: number): SizeExplanation | undefined;
  /** Undefined where nothing is shared. */
  readonly shares: ShareTeller | undefined;
}
