// What the placement controller reads of a pod: Berth's gate and annotation, what the pod asks of its node, and whether
// it asks for anything that Berth cannot judge. Decoded for unbound pods that carry one of the two, which are few.

import { MESH_RESOURCE } from "#model/app.ts";
import type { Labels } from "#model/app.ts";
import type { NodeName } from "#model/brand.ts";
import type { NodeSelectorTerm } from "#model/node-affinity.ts";
import {
  NOMINATION_ANNOTATION,
  PLACEMENT_GATE,
  type PlacingView,
  type UnjudgedConstraint,
} from "#model/placing-view.ts";
import type { PodWishes } from "#model/pod-wishes.ts";
import type { Toleration } from "#model/taints.ts";

/** The parts of a pod's spec that say where it may go. */
export interface ApiPlacementSpec {
  readonly nodeName?: string;
  readonly schedulingGates?: readonly { readonly name: string }[] | null;
  readonly nodeSelector?: Labels | null;
  readonly tolerations?: readonly Toleration[] | null;
  readonly affinity?: {
    readonly nodeAffinity?: {
      readonly requiredDuringSchedulingIgnoredDuringExecution?: {
        readonly nodeSelectorTerms?: readonly NodeSelectorTerm[];
      };
    };
    readonly podAffinity?: RequiredTerms;
    readonly podAntiAffinity?: RequiredTerms;
  } | null;
  readonly topologySpreadConstraints?: readonly { readonly whenUnsatisfiable?: string }[] | null;
  readonly volumes?: readonly object[] | null;
  readonly resourceClaims?: readonly unknown[] | null;
  readonly workloadRef?: object | null;
  readonly schedulingGroup?: object | null;
  readonly preemptionPolicy?: string | null;
  readonly overhead?: Requests;
  readonly resources?: { readonly requests?: Requests };
  readonly containers?: readonly ApiPlacementContainer[];
  readonly initContainers?: readonly ApiPlacementContainer[];
}

type Requests = Readonly<Record<string, unknown>>;

interface RequiredTerms {
  readonly requiredDuringSchedulingIgnoredDuringExecution?: readonly unknown[] | null;
}

interface ApiPlacementContainer {
  readonly resources?: { readonly requests?: Requests };
  readonly ports?: readonly { readonly hostPort?: number }[] | null;
}

interface ApiPlacedPod {
  readonly metadata?: {
    readonly resourceVersion?: string;
    readonly creationTimestamp?: string | null;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly spec?: ApiPlacementSpec;
}

/** Undefined for bound pods, and for those that Berth neither holds nor nominated. */
export function placingView({ metadata, spec = {} }: ApiPlacedPod): PlacingView | undefined {
  if (spec.nodeName !== undefined && spec.nodeName !== "") return undefined;
  const gates = spec.schedulingGates ?? [];
  const gateIndex = gates.findIndex(({ name }) => name === PLACEMENT_GATE);
  const chosenNode = metadata?.annotations?.[NOMINATION_ANNOTATION];
  if (gateIndex < 0 && chosenNode === undefined) return undefined;
  const createdAtMs = Date.parse(metadata?.creationTimestamp ?? "");
  return {
    resourceVersion: metadata?.resourceVersion ?? "",
    createdAtMs: Number.isNaN(createdAtMs) ? undefined : createdAtMs,
    gateIndex: gateIndex < 0 ? undefined : gateIndex,
    isHeldByOthers: gates.length > (gateIndex < 0 ? 0 : 1),
    chosenNode: chosenNode as NodeName | undefined,
    wishes: podWishes(spec),
    unjudged: unjudgedConstraint(spec),
    mayPreempt: spec.preemptionPolicy !== "Never",
  };
}

/** The first thing found in the spec that kube-scheduler asks of a node and Berth cannot judge. */
export function unjudgedConstraint(spec: ApiPlacementSpec): UnjudgedConstraint | undefined {
  const { affinity, topologySpreadConstraints, volumes, resourceClaims, workloadRef, schedulingGroup } = spec;
  if (isRequired(affinity?.podAffinity)) return "podAffinity";
  if (isRequired(affinity?.podAntiAffinity)) return "podAntiAffinity";
  const isHard = ({ whenUnsatisfiable }: { readonly whenUnsatisfiable?: string }): boolean =>
    whenUnsatisfiable !== "ScheduleAnyway";
  if (topologySpreadConstraints?.some(isHard) === true) return "topologySpread";
  if (volumes?.some((volume) => !isVolumeAnywhere(volume)) === true) return "volumes";
  const containers = [...(spec.containers ?? []), ...(spec.initContainers ?? [])];
  if (containers.some(({ ports }) => ports?.some(({ hostPort = 0 }) => hostPort > 0))) return "hostPorts";
  const requests = [spec.overhead, spec.resources?.requests, ...containers.map((c) => c.resources?.requests)];
  if (requests.some((list) => Object.keys(list ?? {}).some((name) => !JUDGED_RESOURCES.has(name))))
    return "otherResources";
  if ((resourceClaims ?? []).length > 0) return "resourceClaims";
  if ((workloadRef ?? schedulingGroup ?? undefined) !== undefined) return "podGroup";
  return undefined;
}

const JUDGED_RESOURCES: ReadonlySet<string> = new Set(["cpu", "memory", MESH_RESOURCE]);

/** Volumes that every node can mount; any other kind may tie the pod to nodes or zones, or be limited per node. */
const VOLUMES_ANYWHERE: ReadonlySet<string> = new Set([
  "configMap",
  "downwardAPI",
  "emptyDir",
  "hostPath",
  "image",
  "nfs",
  "projected",
  "secret",
]);

function isVolumeAnywhere(volume: object): boolean {
  return Object.keys(volume).every((key) => key === "name" || VOLUMES_ANYWHERE.has(key));
}

function isRequired(affinity: RequiredTerms | undefined): boolean {
  return (affinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []).length > 0;
}

export function podWishes({ nodeSelector, affinity, tolerations }: ApiPlacementSpec): PodWishes {
  const required = affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  return {
    ...((nodeSelector ?? undefined) !== undefined && { nodeSelector: nodeSelector ?? {} }),
    ...(required !== undefined && { requiredTerms: required.nodeSelectorTerms ?? [] }),
    tolerations: tolerations ?? [],
  };
}
