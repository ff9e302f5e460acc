// What a scheduler reads of pods and nodes and Berth's own components do not: taints and tolerations, affinity, pod
// counts.

import type { Labels } from "#model/app.ts";
import type { PodView } from "#model/cluster-view.ts";
import { decodeNode } from "#kube/decode-node.ts";
import { decodePod } from "#kube/decode-pod.ts";
import type { NodeSelectorTerm, PreferredTerm } from "#model/node-affinity.ts";
import type { NodeSpec } from "../policies/scheduler-cluster.ts";
import type { SchedulerPod } from "../policies/scheduler-pod.ts";
import type { Taint, Toleration } from "#model/taints.ts";

/** A pod with what its scheduling cycle needs; `raw` only while it waits, since extenders are sent the whole pod. */
export interface DriverPod {
  readonly view: PodView;
  readonly wishes: SchedulerPod;
  readonly isGated: boolean;
  readonly isTerminating: boolean;
  readonly raw: unknown;
}

/**
 * @throws DecodeError naming the pod and the field.
 */
export function decodeDriverPod(raw: unknown): DriverPod {
  const view = decodePod(raw);
  const { spec = {}, metadata = {} } = raw as ApiSchedulingPod;
  const nodeAffinity = spec.affinity?.nodeAffinity;
  const required = nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
  const preferred = nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution;
  return {
    view,
    wishes: {
      request: view.request,
      ...(view.ownerUid === undefined ? {} : { spreadGroup: view.ownerUid }),
      ...(spec.tolerations === undefined ? {} : { tolerations: spec.tolerations }),
      ...(spec.nodeSelector === undefined ? {} : { nodeSelector: spec.nodeSelector }),
      ...(required === undefined ? {} : { requiredTerms: required }),
      ...(preferred === undefined ? {} : { preferredTerms: preferred }),
    },
    isGated: (spec.schedulingGates?.length ?? 0) > 0,
    isTerminating: metadata.deletionTimestamp !== undefined,
    raw: view.nodeName === undefined ? raw : undefined,
  };
}

/**
 * @throws DecodeError naming the node and the field.
 */
export function decodeNodeSpec(raw: unknown): NodeSpec {
  const { name, allocatable } = decodeNode(raw);
  const { metadata, spec, status } = raw as ApiSchedulingNode;
  const podsMax = Number(status?.allocatable?.["pods"] ?? Number.NaN);
  return {
    name,
    allocatable,
    labels: metadata.labels ?? {},
    taints: spec?.taints ?? [],
    isUnschedulable: spec?.unschedulable === true,
    ...(Number.isInteger(podsMax) ? { podsMax } : {}),
  };
}

interface ApiSchedulingPod {
  readonly metadata?: { readonly deletionTimestamp?: string };
  readonly spec?: {
    readonly schedulingGates?: readonly unknown[];
    readonly tolerations?: readonly Toleration[];
    readonly nodeSelector?: Labels;
    readonly affinity?: {
      readonly nodeAffinity?: {
        readonly requiredDuringSchedulingIgnoredDuringExecution?: {
          readonly nodeSelectorTerms: readonly NodeSelectorTerm[];
        };
        readonly preferredDuringSchedulingIgnoredDuringExecution?: readonly PreferredTerm[];
      };
    };
  };
}

interface ApiSchedulingNode {
  readonly metadata: { readonly labels?: Labels };
  readonly spec?: { readonly taints?: readonly Taint[]; readonly unschedulable?: boolean };
  readonly status?: { readonly allocatable?: Readonly<Record<string, string>> };
}
