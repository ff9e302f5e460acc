// What a cluster would look like after a change, pod by pod: its present state in a ledger of production's, the change,
// and Berth's own placement of the pods that have to find a node anew. Kubelets and time play no part: everything that
// can be placed is placed at once, in the order of appByApp.

import type { AppName, NodeName, PodUid } from "#model/brand.ts";
import type { NodeView } from "#model/cluster-view.ts";
import { DEFAULT_APP_COST, type MeshProfile } from "#model/mesh-profile.ts";
import type { Resources } from "#model/resources.ts";
import type { Verdict } from "#scheduler-extender/policy/explanation.ts";
import { UsageError } from "#runtime/usage-error.ts";
import { SeededRandom } from "../seeded-random.ts";
import { appByApp } from "./app-by-app.ts";
import { emptiestNodes } from "./emptiest-nodes.ts";
import type { PlannedCluster, PlannedPod } from "./planned-cluster.ts";
import { type MeshState, PlannedMesh } from "./planned-mesh.ts";

export type Change =
  /** At most so many pods of an app, or of each, on a node; every movable mesh pod is placed anew, as by rollouts. */
  | { readonly kind: "cap"; readonly podsPerNodeMax: number; readonly app: AppName | undefined }
  /** Nodes stop; what ran there needs other nodes. */
  | { readonly kind: "loseNodes"; readonly nodes: readonly NodeName[] }
  | { readonly kind: "loseZone"; readonly zone: string }
  /** The emptiest nodes are emptied and leave. */
  | { readonly kind: "drain"; readonly count: number }
  /** An app has so many times its pods. */
  | { readonly kind: "multiply"; readonly app: AppName; readonly factor: number };

export interface WhatIfOptions {
  readonly proxyBase: Resources;
  /** Of the order in which apps are placed. */
  readonly seed: number;
  readonly onProgress?: (placed: number, ofPods: number) => void;
}

export interface WhatIf {
  readonly before: ForkState;
  /** For a cap: every movable pod placed anew without it. What lies between the two is not the cap's doing. */
  readonly rolledOut: ForkState | undefined;
  readonly after: ForkState;
  /** Pods that find no node after the change and have one now, or would be new; the app that misses most first. */
  readonly unplaced: readonly UnplacedPods[];
  /** What keeps the first of them out, the verdict on most nodes first; empty if there is none. */
  readonly obstacles: readonly Obstacle[];
  readonly moved: number;
  /** Of those that moved, pods whose volumes, anti-affinity and the like were not looked at. */
  readonly unjudged: number;
  /** What goes down with the change before anything is placed again; undefined where nothing does. */
  readonly lost: LostWork | undefined;
}

export interface ForkState extends MeshState {
  readonly nodes: number;
  /** Pods without a node. */
  readonly waiting: number;
  /** Apps of two pods or more that lose over half of them with one node. */
  readonly appsMostlyOnOneNode: number;
}

export interface UnplacedPods {
  /** The app, or the namespace of pods outside the mesh. */
  readonly of: string;
  readonly pods: number;
}

export interface Obstacle {
  readonly verdict: Verdict;
  readonly nodes: number;
}

export interface LostWork {
  readonly nodes: number;
  readonly pods: number;
  readonly apps: number;
  /** Apps with all of their pods among the lost ones. */
  readonly appsWhole: readonly string[];
}

/** Between two calls of `onProgress`. */
const PROGRESS_PODS = 200;

/** @throws UsageError for an app, a node or a zone that is not there, and for more nodes than there are. */
export function whatIf(cluster: PlannedCluster, change: Change, options: WhatIfOptions): WhatIf {
  checkNames(cluster, change);
  const before = new Fork(cluster, options);
  before.keepAll(() => true);
  const gone = goneNodes(cluster, change);
  const changed = changedCluster(cluster, change, gone);
  const movesAll = change.kind === "cap";
  const leaves = movesAll ? isMovable : (pod: PlannedPod): boolean => mustMove(pod, gone);
  const rolledOut = movesAll ? new Fork(cluster, options) : undefined;
  rolledOut?.keepAll((pod) => !isMovable(pod));
  const isNew = (pod: PlannedPod): boolean => pod.view.uid.includes(COPY);
  rolledOut?.placeAll(cluster.pods.filter(isMovable));
  const after = new Fork(changed, options);
  after.keepAll((pod) => !leaves(pod));
  after.placeAll(changed.pods.filter((pod) => leaves(pod) || isNew(pod)));
  return {
    before: before.state(),
    rolledOut: rolledOut?.state(),
    after: after.state(),
    unplaced: unplacedByApp(after.unplaced),
    obstacles: after.obstacles(),
    moved: after.moved,
    unjudged: after.unjudged,
    lost: gone.size === 0 || change.kind === "drain" ? undefined : lostWork(cluster, gone),
  };
}

/** Marks the uid of a pod that the change adds; no API server writes such a one. */
const COPY = "/copy-";

class Fork {
  readonly #cluster: PlannedCluster;
  readonly #options: WhatIfOptions;
  readonly #mesh: PlannedMesh;
  readonly unplaced: PlannedPod[] = [];
  moved = 0;
  unjudged = 0;

  constructor(cluster: PlannedCluster, options: WhatIfOptions) {
    this.#cluster = cluster;
    this.#options = options;
    this.#mesh = new PlannedMesh(cluster, { kind: "nodeProxy", proxyBase: options.proxyBase });
  }

  keepAll(isKept: (pod: PlannedPod) => boolean): void {
    for (const pod of this.#cluster.pods) if (isKept(pod)) this.#mesh.keep(pod);
  }

  placeAll(pods: readonly PlannedPod[]): void {
    const { seed, onProgress } = this.#options;
    for (const [index, pod] of appByApp(pods, new SeededRandom(seed)).entries()) {
      if (index % PROGRESS_PODS === 0) onProgress?.(index, pods.length);
      if (!this.#mesh.place(pod)) this.unplaced.push(pod);
      else if (this.#mesh.nodeOf(pod) !== pod.view.nodeName) {
        this.moved++;
        if (pod.bond !== undefined) this.unjudged++;
      }
    }
  }

  obstacles(): readonly Obstacle[] {
    const [first] = this.unplaced;
    if (first === undefined) return [];
    return this.#mesh.explain(first).groups.map(({ verdict, nodes }) => ({ verdict, nodes }));
  }

  state(): ForkState {
    return {
      ...this.#mesh.state(),
      nodes: this.#cluster.nodes.length,
      waiting: this.#cluster.pods.filter((pod) => this.#mesh.nodeOf(pod) === undefined && pod.bond !== "node")
        .length,
      appsMostlyOnOneNode: this.#mesh.appsMostlyOnOneNode(),
    };
  }
}

function isMovable({ view, bond }: PlannedPod): boolean {
  return bond === undefined && view.app !== undefined && view.nodeName !== undefined;
}

function mustMove({ view, bond }: PlannedPod, gone: ReadonlySet<NodeName>): boolean {
  return view.nodeName !== undefined && gone.has(view.nodeName) && bond !== "node";
}

function goneNodes(cluster: PlannedCluster, change: Change): ReadonlySet<NodeName> {
  if (change.kind === "loseNodes") return new Set(change.nodes);
  if (change.kind === "drain") return new Set(emptiestNodes(cluster, change.count));
  if (change.kind !== "loseZone") return new Set();
  return new Set(cluster.nodes.filter(({ zone }) => zone === change.zone).map(({ name }) => name));
}

function changedCluster(
  cluster: PlannedCluster,
  change: Change,
  gone: ReadonlySet<NodeName>,
): PlannedCluster {
  if (change.kind === "cap") return { ...cluster, profiles: cappedProfiles(cluster, change) };
  if (change.kind === "multiply") return { ...cluster, pods: [...cluster.pods, ...copies(cluster, change)] };
  const stays = ({ name }: NodeView): boolean => !gone.has(name);
  // What belongs to a node that is gone is gone with it.
  const pods = cluster.pods.filter(
    ({ view, bond }) => bond !== "node" || !gone.has(view.nodeName ?? ("" as NodeName)),
  );
  return { ...cluster, nodes: cluster.nodes.filter(stays), pods };
}

function cappedProfiles(
  cluster: PlannedCluster,
  { podsPerNodeMax: maxPodsPerNode, app }: Extract<Change, { kind: "cap" }>,
): readonly MeshProfile[] {
  const profiles = new Map(cluster.profiles.map((profile) => [profile.app, profile]));
  for (const name of app === undefined ? appsOf(cluster) : [app]) {
    const profile = profiles.get(name);
    const { cost = DEFAULT_APP_COST, quota = {}, ports } = profile ?? {};
    const placement = { ...profile?.placement, maxPodsPerNode };
    profiles.set(name, { ...profile, app: name, cost, quota, ports, placement });
  }
  return [...profiles.values()];
}

function copies(
  { pods }: PlannedCluster,
  { app, factor }: Extract<Change, { kind: "multiply" }>,
): readonly PlannedPod[] {
  const own = pods.filter(({ view }) => view.app === app);
  return Array.from({ length: factor - 1 }, (_, index) => own.map((pod) => copy(pod, index))).flat();
}

function copy(pod: PlannedPod, index: number): PlannedPod {
  const uid = `${pod.view.uid}${COPY}${index}` as PodUid;
  return { ...pod, view: { ...pod.view, uid, name: uid, nodeName: undefined } };
}

function lostWork({ pods }: PlannedCluster, gone: ReadonlySet<NodeName>): LostWork {
  const lost = pods.filter((pod) => mustMove(pod, gone));
  const apps = appsOf({ pods: lost });
  const left = appsOf({
    pods: pods.filter((pod) => pod.view.nodeName !== undefined && !mustMove(pod, gone)),
  });
  return {
    nodes: gone.size,
    pods: lost.length,
    apps: apps.size,
    appsWhole: [...apps].filter((app) => !left.has(app)).sort(),
  };
}

function appsOf({ pods }: Pick<PlannedCluster, "pods">): ReadonlySet<AppName> {
  return new Set(pods.flatMap(({ view }) => view.app ?? []));
}

function unplacedByApp(pods: readonly PlannedPod[]): readonly UnplacedPods[] {
  const groups = Map.groupBy(pods, ({ view }) => view.app ?? `${view.namespace}, outside the mesh`);
  const rows = [...groups].map(([of, { length }]) => ({ of, pods: length }));
  return rows.sort((a, b) => b.pods - a.pods || (a.of < b.of ? -1 : 1));
}

function checkNames(cluster: PlannedCluster, change: Change): void {
  const { nodes } = cluster;
  if ("app" in change && change.app !== undefined && !appsOf(cluster).has(change.app))
    throw new UsageError(`no pod is of an app "${change.app}"; apps are called NAMESPACE/NAME`);
  if (change.kind === "loseZone" && !nodes.some(({ zone }) => zone === change.zone)) {
    const zones = [...new Set(nodes.map(({ zone }) => zone))].filter((zone) => zone !== "").sort();
    throw new UsageError(
      `no node is in zone "${change.zone}"; the nodes' zones: ${zones.join(", ") || "none"}`,
    );
  }
  if (change.kind === "loseNodes") {
    const known = new Set(nodes.map(({ name }) => name));
    const unknown = change.nodes.find((name) => !known.has(name));
    if (unknown !== undefined) throw new UsageError(`there is no node "${unknown}"`);
  }
  if (change.kind === "drain" && change.count >= nodes.length)
    throw new UsageError(`there are ${nodes.length} nodes; drain fewer than that`);
}
