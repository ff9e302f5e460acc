// The proxy pods of each node: one, and during an upgrade two or more, of which one is sized.

import type { NodeName, PodUid } from "#model/brand.ts";
import type { ProxyPod } from "./proxy-pod.ts";

export class NodeProxies {
  readonly #nodes = new Map<NodeName, Map<PodUid, ProxyPod>>();

  /** A pod that is for no node in particular is not kept. */
  upsert(proxy: ProxyPod): void {
    const { ownNode, uid } = proxy;
    if (ownNode === undefined) return;
    const proxies = this.#nodes.get(ownNode) ?? new Map<PodUid, ProxyPod>();
    this.#nodes.set(ownNode, proxies.set(uid, withNewerShares(proxy, proxies.get(uid))));
  }

  remove({ ownNode, uid }: ProxyPod): void {
    if (ownNode === undefined) return;
    const proxies = this.#nodes.get(ownNode);
    if (proxies?.delete(uid) === true && proxies.size === 0) this.#nodes.delete(ownNode);
  }

  /**
   * The one to size: the newest that carries the node's traffic. A next one that never becomes ready must not keep the
   * present one from growing. Where none is ready it is the newest that stays.
   */
  sized(node: NodeName): ProxyPod | undefined {
    let best: ProxyPod | undefined;
    for (const proxy of this.#nodes.get(node)?.values() ?? []) {
      if (proxy.nodeName === undefined) continue;
      if (best === undefined || rank(proxy) >= rank(best)) best = proxy;
    }
    return best;
  }

  /** Another one that stays, and rather one that is not bound yet: it is to take over from the one that is sized. */
  next(node: NodeName): ProxyPod | undefined {
    const sized = this.sized(node);
    const others = [...(this.#nodes.get(node)?.values() ?? [])].filter(
      ({ uid, isTerminating }) => uid !== sized?.uid && !isTerminating,
    );
    return others.find(({ nodeName }) => nodeName === undefined) ?? others.at(-1);
  }

  *allSized(): Iterable<readonly [NodeName, ProxyPod]> {
    for (const node of this.#nodes.keys()) {
      const proxy = this.sized(node);
      if (proxy !== undefined) yield [node, proxy];
    }
  }
}

function rank({ isTerminating, isReady }: ProxyPod): number {
  return isTerminating ? 0 : isReady ? 2 : 1;
}

// Of two texts of the annotation the one of the higher version is the newer, whatever order they arrive in.
function withNewerShares(seen: ProxyPod, known: ProxyPod | undefined): ProxyPod {
  if (known === undefined) return seen;
  return (known.shares?.version ?? 0) > (seen.shares?.version ?? 0)
    ? { ...seen, shares: known.shares }
    : seen;
}
