// What a scheduler reads of pods and nodes and Berth's own components do not: taints and tolerations, affinity, spread
// constraints, host ports, images, pod counts.

import type { Labels } from "#model/app.ts";
import type { PodView } from "#model/cluster-view.ts";
import type { Resources } from "#model/resources.ts";
import { decodeNode } from "#kube/decode-node.ts";
import { decodePod } from "#kube/decode-pod.ts";
import type { NodeSelectorTerm, PreferredTerm } from "#model/node-affinity.ts";
import type { HostPort } from "../policies/host-ports.ts";
import type { SpreadConstraint } from "../policies/spread-constraint.ts";
import type { NodeSpec } from "../policies/scheduler-cluster.ts";
import { CPU_MILLI_DEFAULT, MEMORY_BYTES_DEFAULT, type SchedulerPod } from "../policies/scheduler-pod.ts";
import { otherAllocatable, otherRequests } from "./other-resources.ts";
import { type ApiPodAffinity, decodePodAffinity } from "./decode-pod-affinity.ts";
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
  return {
    view,
    wishes: wishesOf(view, raw as ApiSchedulingPod),
    isGated: (spec.schedulingGates?.length ?? 0) > 0,
    isTerminating: metadata.deletionTimestamp !== undefined,
    raw: view.nodeName === undefined ? raw : undefined,
  };
}

function wishesOf(view: PodView, raw: ApiSchedulingPod): SchedulerPod {
  const { spec = {}, metadata = {} } = raw;
  const nodeAffinity = spec.affinity?.nodeAffinity;
  const required = nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
  const preferred = nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution;
  const podAffinity = decodePodAffinity(spec.affinity);
  const initContainers = spec.initContainers ?? [];
  const containers = spec.containers ?? [];
  // What an init container opens is closed again, unless it goes on running beside the containers.
  const lasting = [
    ...initContainers.filter(({ restartPolicy }) => restartPolicy === "Always"),
    ...containers,
  ];
  const hostPorts = lasting.flatMap(hostPortsOf);
  const others = otherRequests(containers, initContainers);
  return {
    request: view.request,
    ...(others === undefined ? {} : { otherRequests: others }),
    ...([...initContainers, ...containers].every(namesBoth) ? {} : { scoredRequest: scoredRequest(raw) }),
    namespace: view.namespace,
    labels: metadata.labels ?? {},
    ...(view.ownerUid === undefined ? {} : { spreadGroup: view.ownerUid }),
    ...(spec.tolerations === undefined ? {} : { tolerations: spec.tolerations }),
    ...(spec.nodeSelector === undefined ? {} : { nodeSelector: spec.nodeSelector }),
    ...(required === undefined ? {} : { requiredTerms: required }),
    ...(preferred === undefined ? {} : { preferredTerms: preferred }),
    ...(spec.topologySpreadConstraints === undefined
      ? {}
      : { spreadConstraints: spec.topologySpreadConstraints }),
    ...(podAffinity === undefined ? {} : { podAffinity }),
    ...(hostPorts.length === 0 ? {} : { hostPorts }),
    images: [...initContainers, ...containers].map(({ image = "" }) => image),
  };
}

function hostPortsOf({ ports }: ApiSchedulingContainer): readonly HostPort[] {
  return (ports ?? []).flatMap(({ hostPort = 0, hostIP, protocol }) =>
    hostPort === 0
      ? []
      : [
          {
            port: hostPort,
            ...(hostIP === undefined ? {} : { ip: hostIP }),
            ...(protocol === undefined ? {} : { protocol }),
          },
        ],
  );
}

function namesBoth({ resources }: ApiSchedulingContainer): boolean {
  return resources?.requests?.["cpu"] !== undefined && resources.requests["memory"] !== undefined;
}

const REQUESTS_DEFAULT = { cpu: `${CPU_MILLI_DEFAULT}m`, memory: String(MEMORY_BYTES_DEFAULT) };

/** The pod's request with upstream's default in every container that does not name CPU or memory. */
function scoredRequest(raw: ApiSchedulingPod): Resources {
  const filled = (containers: readonly ApiSchedulingContainer[] = []): readonly object[] =>
    containers.map(({ name, restartPolicy, resources }) => ({
      name,
      restartPolicy,
      resources: { requests: { ...REQUESTS_DEFAULT, ...resources?.requests } },
    }));
  const { spec = {} } = raw;
  const initContainers = filled(spec.initContainers);
  return decodePod({ ...raw, spec: { ...spec, containers: filled(spec.containers), initContainers } })
    .request;
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
    otherAllocatable: otherAllocatable(status?.allocatable),
    images: (status?.images ?? []).map(({ names, sizeBytes = 0 }) => ({ names: names ?? [], sizeBytes })),
    ...(Number.isInteger(podsMax) ? { podsMax } : {}),
  };
}

interface ApiSchedulingPod {
  readonly metadata?: { readonly deletionTimestamp?: string; readonly labels?: Labels };
  readonly spec?: {
    readonly containers?: readonly ApiSchedulingContainer[];
    readonly initContainers?: readonly ApiSchedulingContainer[];
    readonly topologySpreadConstraints?: readonly SpreadConstraint[];
    readonly schedulingGates?: readonly unknown[];
    readonly tolerations?: readonly Toleration[];
    readonly nodeSelector?: Labels;
    readonly affinity?: ApiPodAffinity & {
      readonly nodeAffinity?: {
        readonly requiredDuringSchedulingIgnoredDuringExecution?: {
          readonly nodeSelectorTerms: readonly NodeSelectorTerm[];
        };
        readonly preferredDuringSchedulingIgnoredDuringExecution?: readonly PreferredTerm[];
      };
    };
  };
}

interface ApiSchedulingContainer {
  readonly name?: string;
  readonly image?: string;
  readonly restartPolicy?: string;
  readonly ports?: readonly {
    readonly hostPort?: number;
    readonly hostIP?: string;
    readonly protocol?: string;
  }[];
  readonly resources?: { readonly requests?: Readonly<Record<string, string>> };
}

interface ApiSchedulingNode {
  readonly metadata: { readonly labels?: Labels };
  readonly spec?: { readonly taints?: readonly Taint[]; readonly unschedulable?: boolean };
  readonly status?: {
    readonly allocatable?: Readonly<Record<string, string>>;
    readonly images?: readonly { readonly names?: readonly string[]; readonly sizeBytes?: number }[];
  };
}
