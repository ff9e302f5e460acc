// Where the nodes' proxies serve, and whether they do. An address outlasts its proxy's pod as long as the node is there:
// a proxy that is being replaced comes back at the same one, and its node's entries are unready meanwhile and not gone.

import type { NodeName } from "#model/brand.ts";
import type { PodView } from "#model/cluster-view.ts";
import { publishableFamily } from "#model/node-slice.ts";
import type { ProxyState } from "./moved-nodes.ts";

interface Proxies {
  address: string | undefined;
  zone: string;
  /** By uid: two of them during an upgrade. */
  readonly ready: Set<string>;
  /** Told to end, and not gone yet. */
  readonly leaving: Set<string>;
}

export class NodeProxies {
  readonly #nodes = new Map<NodeName, Proxies>();

  addressOf(node: NodeName): string | undefined {
    return this.#nodes.get(node)?.address;
  }

  zoneOf(node: NodeName): string {
    return this.#nodes.get(node)?.zone ?? "";
  }

  stateOf(node: NodeName): ProxyState {
    const known = this.#nodes.get(node);
    return known === undefined ? "absent" : stateOf(known);
  }

  /** An address that an earlier leader announced, where nothing newer is known. */
  remember(node: NodeName, address: string): void {
    this.#at(node).address ??= address;
  }

  /** @returns the node if its entries may have changed. */
  podChanged(before: PodView | undefined, after: PodView | undefined): NodeName | undefined {
    const pod = after ?? before;
    if (pod?.proxy === undefined || pod.nodeName === undefined) return undefined;
    // Of a node that is gone, its proxy's end is no news.
    if (after === undefined && !this.#nodes.has(pod.nodeName)) return undefined;
    const node = this.#at(pod.nodeName);
    const { address } = node;
    const stateBefore = stateOf(node);
    const isReady = after?.proxy?.isReady === true && !after.isFinished;
    if (isReady) node.ready.add(pod.uid);
    else node.ready.delete(pod.uid);
    if (after?.isTerminating === true && !after.isFinished) node.leaving.add(pod.uid);
    else node.leaving.delete(pod.uid);
    const seen = after?.proxy?.address;
    // A node that no slice may name is as one without a proxy: its Services are reached directly.
    if (seen !== undefined && publishableFamily(seen) !== undefined) node.address = seen;
    const isSame = node.address === address && stateOf(node) === stateBefore;
    return isSame ? undefined : pod.nodeName;
  }

  /**
   * @param zone undefined once the node is gone, and what was known of its proxies with it.
   * @returns whether its entries may have changed.
   */
  nodeSeen(name: NodeName, zone: string | undefined): boolean {
    if (zone === undefined) return this.#nodes.delete(name);
    const node = this.#at(name);
    const isSame = node.zone === zone;
    node.zone = zone;
    return !isSame;
  }

  #at(name: NodeName): Proxies {
    const known = this.#nodes.get(name);
    if (known !== undefined) return known;
    const node: Proxies = { address: undefined, zone: "", ready: new Set(), leaving: new Set() };
    this.#nodes.set(name, node);
    return node;
  }
}

function stateOf({ ready, leaving }: Proxies): ProxyState {
  if (ready.size > 0) return "ready";
  return leaving.size > 0 ? "leaving" : "absent";
}
