// The cluster of one run: every change goes through here into the production ledger, and from here to those who keep
// their own view of it (the placement policy, the running totals, the audit).

import type { AppName, NodeName, PodUid } from "#model/brand.ts";
import type { NodeView, PodView } from "#model/cluster-view.ts";
import { ClusterLedger } from "#model/ledger.ts";
import { DEFAULT_APP_COST, NO_LIMITS } from "#model/mesh-profile.ts";
import type { NodeLedger } from "#model/node-ledger.ts";
import type { Resources } from "#model/resources.ts";
import { assert } from "#model/assert.ts";
import type { AppProfiles } from "./app-profiles.ts";
import type { MeshModel, ReplayPod } from "./replay-pod.ts";
import { standInProxy, standInProxyUid } from "./stand-in-proxy.ts";

export interface NodeProxy {
  /** What the proxy costs without any instance. */
  readonly base: Resources;
  /** The DaemonSet template's request: what a proxy has on a new node. */
  readonly template: Resources;
}

/** Called after the ledger has taken the change; of a node that leaves, which is empty, just before. */
export interface ClusterObserver {
  nodeAdded?(node: NodeLedger): void;
  nodeRemoved?(node: NodeLedger): void;
  podBound?(pod: ReplayPod, node: NodeLedger): void;
  podLeft?(pod: ReplayPod, node: NodeLedger): void;
  /** What the proxies of a node request in all has changed. */
  proxyResized?(node: NodeLedger, change: ProxyChange): void;
  /** The next proxy, which stood beside the present one, took its place. */
  proxyReplaced?(node: NodeLedger): void;
}

export interface ProxyChange {
  readonly before: Resources;
  readonly after: Resources;
}

export interface ClusterOptions {
  readonly mesh: MeshModel;
  readonly proxy: NodeProxy;
  readonly profiles: AppProfiles;
}

export class ReplayCluster {
  readonly ledger = new ClusterLedger();
  readonly mesh: MeshModel;
  readonly #proxy: NodeProxy;
  readonly #profiles: AppProfiles;
  readonly #observers: ClusterObserver[] = [];
  readonly #proxies = new Map<NodeName, PodView>();

  /** What a proxy requests on a new node. */
  get proxyTemplate(): Resources {
    return this.#proxy.template;
  }

  constructor({ mesh, proxy, profiles }: ClusterOptions) {
    this.mesh = mesh;
    this.#proxy = proxy;
    this.#profiles = profiles;
  }

  /** Observers are told in the order in which they were added. */
  observe(observer: ClusterObserver): void {
    this.#observers.push(observer);
  }

  /** An app's profile is there while any pod of it is, if it has one of its own. */
  appCame(app: AppName): void {
    const profile = this.#profiles.get(app);
    // One that is as if there were none is none: a trace may have tens of thousands of them at once.
    if (profile.cost !== DEFAULT_APP_COST || profile.placement !== NO_LIMITS) this.ledger.setProfile(profile);
  }

  appLeft(app: AppName): void {
    this.ledger.removeProfile(app);
  }

  addNode(view: NodeView): NodeLedger {
    this.ledger.upsertNode(view);
    if (this.mesh.kind === "nodeProxy") this.#setProxy(view.name, this.#proxy.template);
    const node = this.#known(view.name);
    for (const observer of this.#observers) observer.nodeAdded?.(node);
    return node;
  }

  removeNode(name: NodeName): void {
    const node = this.#known(name);
    assert(node.occupants.size === 0, "only an empty node leaves");
    for (const observer of this.#observers) observer.nodeRemoved?.(node);
    this.ledger.removePod(standInProxyUid(name));
    this.ledger.removePod(nextProxyUid(name));
    this.#proxies.delete(name);
    this.ledger.removeNode(name);
  }

  bind(pod: ReplayPod, name: NodeName): void {
    pod.nodeName = name;
    // With a sidecar of its own, a pod is outside the nodes' mesh.
    this.ledger.upsertPod(this.mesh.kind === "nodeProxy" ? pod : { ...pod, app: undefined });
    const node = this.#known(name);
    for (const observer of this.#observers) observer.podBound?.(pod, node);
  }

  /** Where the pod runs, or undefined while it waits. */
  nodeOf({ uid }: Pick<ReplayPod, "uid">): NodeName | undefined {
    return this.ledger.pod(uid)?.nodeName;
  }

  /** Takes a bound pod away; returns the node it was on. */
  unbind(pod: ReplayPod): NodeLedger {
    const name = pod.nodeName;
    assert(name !== undefined, "only a bound pod leaves its node");
    this.ledger.removePod(pod.uid);
    pod.nodeName = undefined;
    const node = this.#known(name);
    for (const observer of this.#observers) observer.podLeft?.(pod, node);
    return node;
  }

  resizeProxy(name: NodeName, size: Resources): void {
    this.#changeProxies(name, () => this.#setProxy(name, size));
  }

  /** The next proxy comes beside the present one, at the template's size, and both count. */
  addNextProxy(name: NodeName): void {
    const { template: request, base } = this.#proxy;
    const next = { ...standInProxy(name, { request, base }), uid: nextProxyUid(name) };
    this.#changeProxies(name, () => this.ledger.upsertPod(next));
  }

  /** The next proxy takes the present one's place, at the size that was kept for that. */
  retireProxy(name: NodeName): void {
    this.#changeProxies(name, () => this.ledger.removePod(nextProxyUid(name)));
    const node = this.#known(name);
    for (const observer of this.#observers) observer.proxyReplaced?.(node);
  }

  #changeProxies(name: NodeName, change: () => void): void {
    const node = this.#known(name);
    const before = node.counted;
    change();
    const after = node.counted;
    assert(before !== undefined && after !== undefined, "a proxy that is changed is there");
    for (const observer of this.#observers) observer.proxyResized?.(node, { before, after });
  }

  #known(name: NodeName): NodeLedger {
    const node = this.ledger.node(name);
    assert(node !== undefined, "the cluster's nodes are known");
    return node;
  }

  // The proxy's names are made once: a node is resized often.
  #setProxy(name: NodeName, request: Resources): void {
    const before = this.#proxies.get(name);
    const proxy =
      before === undefined ? standInProxy(name, { request, base: this.#proxy.base }) : { ...before, request };
    this.#proxies.set(name, proxy);
    this.ledger.upsertPod(proxy);
  }
}

function nextProxyUid(name: NodeName): PodUid {
  return `next-${standInProxyUid(name)}` as PodUid;
}
