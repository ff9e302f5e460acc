// Tells each proxy how its size is shared among its apps, in an order in which the guarantees never add up to more than
// the proxy has: after a growth kubelet has granted, and before a shrinking is asked for.

import type { AppName, NodeName } from "#model/brand.ts";
import type { ClusterLedger } from "#model/ledger.ts";
import { minResources, type Resources } from "#model/resources.ts";
import type { Shares } from "#model/shares.ts";
import { isWorthSharing, nodeShares } from "../policy/node-shares.ts";
import type { ProxyPod } from "./proxy-pod.ts";
import type { Resizer, ResizeOutcome } from "./resizer.ts";
import type { Urgency } from "./write-budget.ts";

export interface ShareTellerOptions {
  readonly ledger: ClusterLedger;
  readonly resizer: Pick<Resizer, "publishShares">;
  /** The platform's cap for an app on such a proxy. */
  readonly capOf?: (proxy: ProxyPod, app: AppName) => Partial<Resources>;
}

export class ShareTeller {
  readonly #options: ShareTellerOptions;
  readonly #telling = new Set<NodeName>();

  constructor(options: ShareTellerOptions) {
    this.#options = options;
  }

  /** Shares what the proxy has been granted; undefined if there is nothing new to tell, or kubelet is about to answer. */
  async granted(proxy: ProxyPod): Promise<Told | undefined> {
    const { requests, allocated, pendingResize, nodeName } = proxy;
    if (nodeName === undefined || this.#telling.has(nodeName)) return undefined;
    const isGrowing = requests.cpuMilli > allocated.cpuMilli || requests.memoryBytes > allocated.memoryBytes;
    if (isGrowing && pendingResize === undefined) return undefined;
    return this.#tell(proxy, minResources(requests, allocated), "publish");
  }

  /** Shares the size that the proxy is about to shrink to. */
  async beforeShrinking(proxy: ProxyPod, size: Resources): Promise<Told | undefined> {
    return this.#tell(proxy, minResources(size, proxy.allocated), "shrink");
  }

  async #tell(proxy: ProxyPod, size: Resources, urgency: Urgency): Promise<Told | undefined> {
    const { ledger, resizer, capOf } = this.#options;
    const node = proxy.nodeName === undefined ? undefined : ledger.node(proxy.nodeName);
    if (node === undefined) return undefined;
    const apps = nodeShares({
      node,
      costs: ledger,
      size,
      ...(capOf !== undefined && { capOf: (app) => capOf(proxy, app) }),
    });
    if (!isWorthSharing(proxy.shares?.apps, apps)) return undefined;
    const shares = { version: (proxy.shares?.version ?? 0) + 1, apps };
    this.#telling.add(node.name);
    try {
      return { shares, outcome: await resizer.publishShares(proxy, shares, urgency) };
    } finally {
      this.#telling.delete(node.name);
    }
  }
}

export interface Told {
  readonly shares: Shares;
  readonly outcome: ResizeOutcome;
}
