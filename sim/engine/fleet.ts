// The nodes of a run: given, or as many as the pods need. The latter is a simple cluster autoscaler: when pods of one
// second fit nowhere, the nodes that they need come at once, all together; an empty node leaves after a while. Pods are
// not moved to empty a node.

import type { NodeName } from "#model/brand.ts";
import type { NodeView } from "#model/cluster-view.ts";
import type { NodeLedger } from "#model/node-ledger.ts";
import { type Resources, subtractResources } from "#model/resources.ts";
import type { Cancel, Clock } from "#runtime/clock.ts";
import type { TraceNode } from "../traces/trace.ts";
import { nodesFor } from "./node-estimate.ts";
import type { ClusterObserver, ReplayCluster } from "./replay-cluster.ts";
import type { ReplayPod } from "./replay-pod.ts";

export type FleetShape =
  | { readonly kind: "fixed"; readonly nodes: readonly TraceNode[] }
  | { readonly kind: "auto"; readonly nodeSize: Resources };

export interface FleetContext {
  readonly cluster: ReplayCluster;
  readonly clock: Clock;
  readonly podsPerNodeMax: number;
}

/** Cluster Autoscaler's default, --scale-down-unneeded-time. */
const EMPTY_NODE_STAYS_MS = 600_000;
/** Four times the largest cluster Kubernetes is tested for; beyond it, pods wait. */
const AUTO_NODES_MAX = 20_000;

export class Fleet implements ClusterObserver {
  readonly #cluster: ReplayCluster;
  readonly #clock: Clock;
  readonly #shape: FleetShape;
  readonly #podsPerNodeMax: number;
  readonly #leaving = new Map<NodeName, Cancel>();
  #nodes = 0;
  #nodesEver = 0;

  constructor(shape: FleetShape, { cluster, clock, podsPerNodeMax }: FleetContext) {
    this.#shape = shape;
    this.#cluster = cluster;
    this.#clock = clock;
    this.#podsPerNodeMax = podsPerNodeMax;
  }

  /** Brings up the nodes that are there from the start. */
  open(): void {
    if (this.#shape.kind === "auto") return;
    for (const node of this.#shape.nodes) this.#cluster.addNode(this.#view(node));
  }

  /** Whether pods that fit nowhere bring new nodes. */
  get grows(): boolean {
    return this.#shape.kind === "auto";
  }

  /** New nodes for pods that fit nowhere; none if the fleet does not grow (any more). */
  growFor(pods: readonly ReplayPod[]): readonly NodeLedger[] {
    if (this.#shape.kind === "fixed") return [];
    const { nodeSize } = this.#shape;
    const { mesh, proxyTemplate } = this.#cluster;
    const isProxied = mesh.kind === "nodeProxy";
    const wanted = nodesFor(
      pods.map(({ request }) => request),
      {
        free: isProxied ? subtractResources(nodeSize, proxyTemplate) : nodeSize,
        podSlots: this.#podsPerNodeMax - (isProxied ? 1 : 0),
      },
    );
    const count = Math.min(wanted, AUTO_NODES_MAX - this.#nodes);
    return Array.from({ length: Math.max(0, count) }, () => this.#addNode(nodeSize));
  }

  /** Takes nodes back that did not help. */
  giveBack(nodes: readonly NodeLedger[]): void {
    for (const node of nodes) this.#remove(node);
  }

  /** A node that is gone for other reasons than that nobody needs it; it is empty. */
  lose(name: NodeName): void {
    this.#nodes--;
    this.#cluster.removeNode(name);
  }

  bringBack(node: TraceNode): void {
    this.#nodes++;
    this.#cluster.addNode(this.#view(node));
  }

  nodeAdded(node: NodeLedger): void {
    this.#leaveIfEmptyForLong(node);
  }

  nodeRemoved({ name }: NodeLedger): void {
    this.#stay(name);
  }

  podBound(_pod: ReplayPod, { name }: NodeLedger): void {
    if (this.grows) this.#stay(name);
  }

  podLeft(_pod: ReplayPod, node: NodeLedger): void {
    if (node.occupants.size === 0) this.#leaveIfEmptyForLong(node);
  }

  #leaveIfEmptyForLong(node: NodeLedger): void {
    if (this.#shape.kind === "fixed") return;
    const leave = (): void => this.#remove(node);
    this.#leaving.set(node.name, this.#clock.after(EMPTY_NODE_STAYS_MS, leave));
  }

  #stay(name: NodeName): void {
    this.#leaving.get(name)?.();
    this.#leaving.delete(name);
  }

  #view({ name, allocatable, zone = "" }: TraceNode): NodeView {
    const traits = { labels: {}, taints: [], isUnschedulable: false, podsMax: this.#podsPerNodeMax };
    return { name: name as NodeName, allocatable, zone, traits };
  }

  #addNode(allocatable: Resources): NodeLedger {
    this.#nodes++;
    return this.#cluster.addNode(this.#view({ name: fleetNodeName(++this.#nodesEver), allocatable }));
  }

  #remove(node: NodeLedger): void {
    this.lose(node.name);
  }
}

/** Equal nodes, named in order. */
export function uniformNodes(count: number, allocatable: Resources): readonly TraceNode[] {
  return Array.from({ length: count }, (_, index) => ({ name: fleetNodeName(index + 1), allocatable }));
}

function fleetNodeName(number: number): NodeName {
  return `node-${String(number).padStart(6, "0")}` as NodeName;
}
