// A planned cluster under one mesh: its pods in a ledger of production, with a sidecar each or with a proxy on every node.
// Pods are placed by the extender's own functions, among the nodes that their selectors, affinities and tolerations allow.

import { assert } from "#model/assert.ts";
import type { AppName, NodeName, PodUid } from "#model/brand.ts";
import type { NodeView } from "#model/cluster-view.ts";
import type { Correction } from "#model/correction.ts";
import { eligibilityFor } from "#model/eligibility.ts";
import { costedDemand } from "#model/fit.ts";
import { ClusterLedger } from "#model/ledger.ts";
import type { NodeAccount, NodeLedger } from "#model/node-ledger.ts";
import { addResources, noResources, type Resources } from "#model/resources.ts";
import { allCandidates } from "#scheduler-extender/policy/candidates.ts";
import { explainNow } from "#scheduler-extender/policy/explain-now.ts";
import type { Explanation } from "#scheduler-extender/policy/explanation.ts";
import { place } from "#scheduler-extender/policy/placement.ts";
import { DEFAULT_PROMISE_LIMITS, promise } from "#scheduler-extender/policy/promise.ts";
import { standInProxy } from "../engine/stand-in-proxy.ts";
import type { HeadroomQuestion } from "../survey/headroom.ts";
import type { SurveyedCluster, SurveyedNode, SurveyedPod } from "../survey/surveyed-cluster.ts";
import { DefaultPlacement } from "./default-placement.ts";
import type { PlannedCluster, PlannedPod } from "./planned-cluster.ts";

/** The last one: node proxies, and pods placed as kube-scheduler does by itself. */
export type PlannedMeshKind = "sidecar" | "nodeProxy" | "nodeProxyByDefault";

export interface PlannedMeshOptions {
  readonly kind: PlannedMeshKind;
  /** What a node proxy requests without any instance. */
  readonly proxyBase: Resources;
  /** The nodes there are; all of the cluster's if absent. */
  readonly nodes?: readonly NodeView[];
}

export interface MeshState {
  /** Pods of the mesh that have a node. */
  readonly meshPods: number;
  /** Nodes with a pod that does not belong to the node. */
  readonly nodesUsed: number;
  /** (node, app) pairs; a sidecar is an instance of its own. */
  readonly instances: number;
  /** What the mesh requests: the sidecars, or what the proxies require. */
  readonly mesh: Resources;
  /** Nodes on which all requests and what the mesh requires exceed what is allocatable. */
  readonly nodesShort: number;
  /** The most pods of the mesh on one node: what is lost with it. */
  readonly podsOnNodeMax: number;
}

// Nothing expires while a plan is made: all pods arrive in one moment.
const NOW_MS = 0;

export class PlannedMesh {
  readonly #kind: PlannedMeshKind;
  readonly #proxyBase: Resources;
  readonly #corrections: ReadonlyMap<NodeName, Correction>;
  readonly #ledger = new ClusterLedger();
  readonly #bound = new Map<PodUid, PlannedPod>();
  readonly #default: DefaultPlacement | undefined;

  constructor(cluster: PlannedCluster, { kind, proxyBase, nodes = cluster.nodes }: PlannedMeshOptions) {
    this.#kind = kind;
    this.#proxyBase = proxyBase;
    this.#corrections = cluster.corrections ?? new Map();
    this.#default = kind === "nodeProxyByDefault" ? new DefaultPlacement() : undefined;
    for (const profile of cluster.profiles) this.#ledger.setProfile(profile);
    for (const node of nodes) this.addNode(node);
    for (const [uid, replicas] of replicasByOwner(cluster.pods)) this.#ledger.upsertOwner({ uid, replicas });
  }

  /** A node that is empty but for its proxy. */
  addNode(node: NodeView): void {
    this.#ledger.upsertNode(node);
    if (this.#kind === "sidecar") return;
    const base = this.#proxyBase;
    const correction = this.#corrections.get(node.name);
    this.#ledger.upsertPod(standInProxy(node.name, { request: base, base, correction }));
    this.#default?.addNode(node, base);
  }

  /** Leaves a pod where it is; of a node that is not there, it goes with the node. */
  keep(pod: PlannedPod): void {
    if (pod.view.nodeName !== undefined) this.#bind(pod, pod.view.nodeName);
  }

  /** Why Berth would choose the node that it would choose now. */
  explain(pod: PlannedPod): Explanation {
    const isEligible = eligibilityFor(pod.wishes);
    const nodes: NodeName[] = [];
    for (const node of this.#ledger.nodes()) if (isEligible(node)) nodes.push(node.name);
    return explainNow(this.#ledger, { pod: this.#viewOf(pod), nodes }, NOW_MS);
  }

  /** Gives the pod the node that Berth chooses, or kube-scheduler alone; false if none takes it. */
  place(pod: PlannedPod): boolean {
    if (this.#default === undefined) return this.#placeByBerth(pod);
    const node = this.#default.choose(pod);
    if (node !== undefined) this.#bind(pod, node);
    return node !== undefined;
  }

  #placeByBerth(pod: PlannedPod): boolean {
    const view = this.#viewOf(pod);
    const ledger = this.#ledger;
    const demand = costedDemand(view, ledger);
    const isEligible = eligibilityFor(pod.wishes);
    const candidates = {
      ...allCandidates(ledger, { mayLackSlot: false }),
      accountOf: (node: NodeAccount) => (isEligible(node) ? node : undefined),
    };
    const placement = place(demand, candidates, { ledger });
    if (placement === undefined) return false;
    promise(ledger, { pod: demand, placement }, { nowMs: NOW_MS, limits: DEFAULT_PROMISE_LIMITS });
    this.#bind(pod, placement.node);
    return true;
  }

  nodeOf({ view }: PlannedPod): NodeName | undefined {
    return this.#ledger.pod(view.uid)?.nodeName;
  }

  state(): MeshState {
    let state: MeshState = {
      meshPods: 0,
      nodesUsed: 0,
      instances: 0,
      mesh: noResources,
      nodesShort: 0,
      podsOnNodeMax: 0,
    };
    for (const node of this.#ledger.nodes()) state = added(state, this.#partOf(node));
    return state;
  }

  /** The nodes with pods that do not belong to them. */
  surveyed(): SurveyedCluster {
    const nodes: SurveyedNode[] = [];
    let mesh: Resources = noResources;
    for (const account of this.#ledger.nodes()) {
      const pods = [...account.occupants.keys()].flatMap((uid) => this.#bound.get(uid) ?? []);
      const free = pods.filter(({ bond }) => bond !== "node");
      if (free.length === 0) continue;
      const surveyed = free.map((pod): SurveyedPod => ({ demand: this.#viewOf(pod), app: pod.view.app }));
      nodes.push({ account, pods: surveyed });
      mesh = addResources(mesh, this.#partOf(account).mesh);
    }
    return { ledger: this.#ledger, nodes, mesh, isShared: this.#kind !== "sidecar" };
  }

  /** Tries pods on top of those that are there, and leaves them there. */
  more(): Pick<HeadroomQuestion, "nodes" | "place"> {
    return {
      nodes: [...this.#ledger.nodes()],
      place: ({ demand }, number) => {
        const like = this.#bound.get(demand.uid);
        assert(like !== undefined, "more pods are like those that are there");
        const uid = `more-${number}` as PodUid;
        return this.place({ ...like, view: { ...like.view, uid, name: uid, nodeName: undefined } });
      },
    };
  }

  /** Apps of two pods or more that lose over half of them with one node. */
  appsMostlyOnOneNode(): number {
    const all = new Map<AppName, number>();
    const most = new Map<AppName, number>();
    for (const { appPods } of this.#ledger.nodes()) {
      for (const [app, pods] of appPods) {
        all.set(app, (all.get(app) ?? 0) + pods);
        most.set(app, Math.max(most.get(app) ?? 0, pods));
      }
    }
    return [...all].filter(([app, pods]) => pods > 1 && 2 * (most.get(app) ?? 0) > pods).length;
  }

  #partOf(node: NodeLedger): MeshState {
    const pods = [...node.occupants.keys()].flatMap((uid) => this.#bound.get(uid) ?? []);
    const meshPods = pods.filter(({ view }) => view.app !== undefined);
    const isSidecar = this.#kind === "sidecar";
    const sidecars = meshPods.reduce((sum, { sidecar }) => addResources(sum, sidecar), noResources);
    const required = isSidecar ? noResources : node.required();
    const { cpuMilli, memoryBytes } = addResources(node.requested, required);
    const isShort = cpuMilli > node.allocatable.cpuMilli || memoryBytes > node.allocatable.memoryBytes;
    return {
      meshPods: meshPods.length,
      nodesUsed: pods.some(({ bond }) => bond !== "node") ? 1 : 0,
      instances: isSidecar ? meshPods.length : node.appPods.size,
      mesh: isSidecar ? sidecars : required,
      nodesShort: isShort ? 1 : 0,
      podsOnNodeMax: meshPods.length,
    };
  }

  #bind(pod: PlannedPod, nodeName: NodeName): void {
    const node = this.#ledger.node(nodeName);
    if (node === undefined) return;
    this.#ledger.upsertPod({ ...this.#viewOf(pod), nodeName });
    this.#bound.set(pod.view.uid, pod);
    this.#default?.bound(pod, nodeName, node.required());
  }

  // With a sidecar of its own, a pod is outside the nodes' mesh, and larger.
  #viewOf({ view, sidecar }: PlannedPod): PlannedPod["view"] {
    if (this.#kind !== "sidecar") return { ...view, nodeName: undefined };
    return {
      ...view,
      nodeName: undefined,
      app: undefined,
      request: addResources(view.request, sidecar),
    };
  }
}

function added(a: MeshState, b: MeshState): MeshState {
  return {
    meshPods: a.meshPods + b.meshPods,
    nodesUsed: a.nodesUsed + b.nodesUsed,
    instances: a.instances + b.instances,
    mesh: addResources(a.mesh, b.mesh),
    nodesShort: a.nodesShort + b.nodesShort,
    podsOnNodeMax: Math.max(a.podsOnNodeMax, b.podsOnNodeMax),
  };
}

// What stands in the cluster is what its controllers want: the plan makes no more of them.
function replicasByOwner(pods: readonly PlannedPod[]): ReadonlyMap<string, number> {
  const replicas = new Map<string, number>();
  for (const { view, bond } of pods) {
    if (view.ownerUid === undefined || bond === "node") continue;
    replicas.set(view.ownerUid, (replicas.get(view.ownerUid) ?? 0) + 1);
  }
  return replicas;
}
