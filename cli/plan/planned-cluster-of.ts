// API objects → the cluster a plan is made for: which pods are in the mesh, of which app, and what they are without a
// sidecar.

import { MESH_ENABLED, MESH_LABEL, PROXY_LABEL } from "#model/app.ts";
import type { MeshProfile } from "#model/mesh-profile.ts";
import { DEFAULT_APP_COST } from "#model/mesh-profile.ts";
import { noResources, type Resources, subtractResources } from "#model/resources.ts";
import { decodeNode } from "#kube/decode-node.ts";
import { type ApiPod, DecodeError, decodePod } from "#kube/decode-pod.ts";
import { podWishes, unjudgedConstraint } from "#kube/decode-placing.ts";
import { UsageError } from "#runtime/usage-error.ts";
import type { PlannedCluster, PlannedPod, PodBond } from "#sim/plan/planned-cluster.ts";
import { belongsToNode, type OwnedPod, plannedApp } from "./planned-app.ts";
import { withoutSidecar } from "./sidecars.ts";
import type { SnapshotObjects } from "./snapshot-objects.ts";

/** How mesh pods are told: by a sidecar, by Berth's label, or everything that is not the nodes' own or the system's. */
export const MESH_RULES = ["sidecar", "label", "all"] as const;
export type MeshRule = (typeof MESH_RULES)[number];

export interface ReadingOptions {
  /** The first rule that finds a pod, if absent. */
  readonly rule: MeshRule | undefined;
  /** Names of sidecar containers. */
  readonly sidecars: readonly string[];
  /** What a sidecar would request, where pods of the mesh have none. */
  readonly assumedSidecar: Resources;
  /** Memory of a bare instance, in bytes; the model's default if absent. */
  readonly instanceBaseBytes: number | undefined;
  /** Pods with wishes that a plan cannot weigh are taken for movable. */
  readonly movesAll: boolean;
  /** Apps have no more pods on a node; no limit if absent. */
  readonly podsPerNodeMax: number | undefined;
}

export interface ReadCluster {
  readonly cluster: PlannedCluster;
  readonly rule: MeshRule;
  /** Mesh pods whose sidecar is assumed, not read. */
  readonly assumedSidecars: number;
}

/** @throws UsageError if an object does not decode, or no pod is in the mesh. */
export function plannedClusterOf({ nodes, pods }: SnapshotObjects, options: ReadingOptions): ReadCluster {
  try {
    const candidates = pods.flatMap((raw) => candidate(raw as RawPod, new Set(options.sidecars)));
    const rule = options.rule ?? MESH_RULES.find((rule) => candidates.some(isIn(rule)));
    if (rule === undefined || !candidates.some(isIn(rule))) throw noMeshPods(rule);
    const planned = candidates.map((found) => plannedPod(found, { isMesh: isIn(rule)(found), options }));
    return {
      cluster: {
        nodes: nodes.map(decodeNode),
        pods: planned,
        profiles: profilesOf(planned, options),
      },
      rule,
      assumedSidecars: candidates.filter((found) => isIn(rule)(found) && !found.hadSidecar).length,
    };
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    throw new UsageError(`the snapshot has an object that no API server wrote: ${error.message}`, {
      cause: error,
    });
  }
}

type RawPod = ApiPod & { readonly metadata?: OwnedPod };

interface Candidate {
  readonly raw: RawPod;
  readonly bare: ApiPod;
  readonly hadSidecar: boolean;
}

// Finished pods hold nothing, and proxies of Berth's own are not what the cluster is compared with.
function candidate(raw: RawPod, sidecars: ReadonlySet<string>): readonly Candidate[] {
  const isOver = raw.status?.phase === "Succeeded" || raw.status?.phase === "Failed";
  if (isOver || raw.metadata?.labels?.[PROXY_LABEL] !== undefined) return [];
  const { pod, hadSidecar } = withoutSidecar(raw, sidecars);
  return [{ raw, bare: pod, hadSidecar }];
}

const SYSTEM_NAMESPACES: ReadonlySet<string> = new Set([
  "kube-system",
  "kube-public",
  "kube-node-lease",
  "berth-system",
]);

function isIn(rule: MeshRule): (candidate: Candidate) => boolean {
  return ({ raw: { metadata = {} }, hadSidecar }) => {
    if (rule === "sidecar") return hadSidecar;
    if (rule === "label") return metadata.labels?.[MESH_LABEL] === MESH_ENABLED;
    return !belongsToNode(metadata) && !SYSTEM_NAMESPACES.has(metadata.namespace ?? "default");
  };
}

function plannedPod(
  { raw, bare, hadSidecar }: Candidate,
  { isMesh, options }: { readonly isMesh: boolean; readonly options: ReadingOptions },
): PlannedPod {
  const { metadata = {}, spec = {} } = raw;
  const whole = decodePod(raw);
  // A sidecar outside the mesh that is planned for is a container like any other.
  const view = isMesh && hadSidecar ? decodePod(bare) : whole;
  const { placing: _placing, ...bound } = view;
  return {
    view: { ...bound, app: isMesh ? plannedApp(metadata) : undefined },
    sidecar: isMesh ? sidecarOf() : noResources,
    wishes: podWishes(spec),
    bond: bondOf(raw, options),
  };

  function sidecarOf(): Resources {
    return hadSidecar ? subtractResources(whole.request, view.request) : options.assumedSidecar;
  }
}

function bondOf({ metadata = {}, spec = {} }: RawPod, { movesAll }: ReadingOptions): PodBond | undefined {
  if (belongsToNode(metadata)) return "node";
  return movesAll ? undefined : unjudgedConstraint(spec);
}

function profilesOf(
  pods: readonly PlannedPod[],
  { instanceBaseBytes, podsPerNodeMax }: ReadingOptions,
): readonly MeshProfile[] {
  const memoryBytes = instanceBaseBytes ?? DEFAULT_APP_COST.base.memoryBytes;
  const cost = { ...DEFAULT_APP_COST, base: { ...DEFAULT_APP_COST.base, memoryBytes } };
  const placement = podsPerNodeMax === undefined ? {} : { maxPodsPerNode: podsPerNodeMax };
  const apps = new Set(pods.flatMap(({ view }) => view.app ?? []));
  return [...apps].map((app) => ({ app, cost, quota: {}, placement, ports: undefined }));
}

function noMeshPods(rule: MeshRule | undefined): UsageError {
  if (rule === "sidecar") {
    return new UsageError(
      "no pod has a sidecar of a known name; name yours with --sidecar-container, or take --mesh all",
    );
  }
  if (rule === "label") {
    return new UsageError(`no pod is labelled ${MESH_LABEL}: ${MESH_ENABLED}; take --mesh all`);
  }
  return new UsageError(
    "there is no pod outside of kube-system that is not of a DaemonSet: nothing to plan for",
  );
}
