// core/v1 Pod → PodView. Hand-written because it runs for every pod of every list; fields that Berth does not read are
// dropped at once. Unknown fields are the API's business and pass; a malformed known field fails with its path.

import { appOf, HEADROOM_LABEL, meshAppOf, type Labels, PROXY_LABEL } from "#model/app.ts";
import type { DeclaredPort } from "#model/app-port.ts";
import type { AppName, NodeName, PodUid } from "#model/brand.ts";
import type { PodView, ProxyView } from "#model/cluster-view.ts";
import { boundCorrection, type Correction, CORRECTION_ANNOTATION, NO_CORRECTION } from "#model/correction.ts";
import {
  type ContainerResources,
  type ContainerStatusResources,
  podRequest,
  type PodResourceFields,
  type ResourceList,
} from "#model/pod-request.ts";
import { parseCpuMilli, parseMemoryBytes } from "#model/quantity.ts";
import { isWithin, noResources, type Resources } from "#model/resources.ts";
import { type ApiPlacementSpec, placingView } from "./decode-placing.ts";
import { SharedText } from "./shared-text.ts";
import { podTraits } from "./pod-traits.ts";

/** What the node proxy costs without instances; an annotation of the DaemonSet's template: `{"cpu":"100m","memory":"128Mi"}`. */
export const PROXY_BASE_ANNOTATION = "berth.dev/proxy-base";

/**
 * @throws DecodeError naming the pod and the field.
 */
export function decodePod(raw: unknown): PodView {
  const pod = (raw ?? {}) as ApiPod;
  const { metadata, spec, status } = pod;
  if (
    typeof metadata?.uid !== "string" ||
    typeof metadata.name !== "string" ||
    !Array.isArray(spec?.containers)
  ) {
    throw new DecodeError("a pod needs metadata.uid, metadata.name and spec.containers");
  }
  const namespace = shared.of(metadata.namespace ?? "default");
  try {
    const labels = metadata.labels ?? {};
    const placing = placingView(pod);
    const headroomFor = labels[HEADROOM_LABEL];
    const isProxy = labels[PROXY_LABEL] !== undefined;
    return {
      uid: metadata.uid as PodUid,
      namespace,
      name: metadata.name,
      app: isProxy ? undefined : appOfMesh(namespace, labels),
      workload: shared.of(appOf(namespace, labels) ?? namespace),
      request: podRequest(resourceFields(pod)),
      nodeName:
        spec.nodeName === undefined || spec.nodeName === ""
          ? undefined
          : (shared.of(spec.nodeName) as NodeName),
      isFinished: status?.phase === "Succeeded" || status?.phase === "Failed",
      ownerUid: ownerUid(metadata.ownerReferences),
      proxy: isProxy ? proxyView(pod) : undefined,
      nominatedNode: nominatedNode(status?.nominatedNodeName),
      priority: priority(spec.priority),
      startedAtMs: startedAtMs(status?.startTime),
      isTerminating: isTerminating(pod),
      isPreempted: isTerminating(pod) && status?.conditions?.some(isPreemption) === true,
      isReady: isReady(pod),
      ...(headroomFor !== undefined && { headroomFor: headroomFor as PodUid }),
      ...(placing !== undefined && { placing }),
      ...(!isProxy && { traits: podTraits(metadata, spec.containers) }),
    };
  } catch (error) {
    throw new DecodeError(`pod ${namespace}/${metadata.name}: ${(error as Error).message}`, { cause: error });
  }
}

/** What the pods of a node, a namespace, an app or an owner have in common. */
const shared = new SharedText();

function appOfMesh(namespace: string, labels: Labels): AppName | undefined {
  const app = meshAppOf(namespace, labels);
  return app === undefined ? undefined : (shared.of(app) as AppName);
}

function ownerUid(owners: NonNullable<ApiPod["metadata"]>["ownerReferences"]): string | undefined {
  const uid = owners?.find((owner) => owner.controller === true)?.uid;
  return typeof uid === "string" ? shared.of(uid) : uid;
}

export class DecodeError extends Error {
  override readonly name = "DecodeError";
  /** What a server answers if it was a request's body that did not decode. */
  readonly statusCode = 400;
}

/** The parts of a pod that Berth reads. */
export interface ApiPod {
  readonly metadata?: {
    readonly uid?: string;
    readonly resourceVersion?: string;
    readonly creationTimestamp?: string | null;
    readonly name?: string;
    readonly namespace?: string;
    readonly labels?: Labels;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly deletionTimestamp?: string | null;
    readonly ownerReferences?: readonly { readonly uid: string; readonly controller?: boolean }[];
  };
  readonly spec?: Omit<ApiPlacementSpec, "containers" | "initContainers"> & {
    readonly nodeName?: string;
    readonly containers?: readonly ApiContainer[];
    readonly initContainers?: readonly ApiContainer[];
    readonly overhead?: ResourceList;
    readonly resources?: { readonly requests?: ResourceList };
    readonly priority?: number | null;
    readonly preemptionPolicy?: string | null;
  };
  readonly status?: {
    readonly phase?: string;
    readonly startTime?: string | null;
    readonly hostIP?: string;
    readonly nominatedNodeName?: string | null;
    readonly conditions?: readonly ApiCondition[] | null;
    readonly allocatedResources?: ResourceList;
    readonly resources?: { readonly requests?: ResourceList };
    readonly containerStatuses?: readonly ApiContainerStatus[] | null;
    readonly initContainerStatuses?: readonly ApiContainerStatus[] | null;
  };
}

export interface ApiContainer {
  readonly name: string;
  readonly restartPolicy?: string;
  readonly ports?: readonly (DeclaredPort & { readonly hostPort?: number })[] | null;
  readonly resources?: { readonly requests?: ResourceList; readonly limits?: ResourceList };
}

interface ApiContainerStatus {
  readonly name: string;
  readonly allocatedResources?: ResourceList;
  readonly resources?: { readonly requests?: ResourceList };
}

export interface ApiCondition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
}

function resourceFields({ spec, status }: ApiPod): PodResourceFields {
  return {
    containers: (spec?.containers ?? []).map(containerResources),
    initContainers: spec?.initContainers?.map(containerResources),
    podRequests: spec?.resources?.requests,
    overhead: spec?.overhead,
    containerStatuses: [...(status?.containerStatuses ?? []), ...(status?.initContainerStatuses ?? [])].map(
      statusResources,
    ),
    podAllocated: status?.allocatedResources,
    podActuated: status?.resources,
    isResizeInfeasible: status?.conditions?.find(isResizePending)?.reason === "Infeasible",
  };
}

function containerResources({ name, resources, restartPolicy }: ApiContainer): ContainerResources {
  return { name, requests: resources?.requests, isRestartable: restartPolicy === "Always" };
}

function statusResources({
  name,
  allocatedResources,
  resources,
}: ApiContainerStatus): ContainerStatusResources {
  return { name, allocated: allocatedResources, actuated: resources?.requests };
}

function isResizePending(condition: ApiCondition): boolean {
  return condition.type === "PodResizePending";
}

function nominatedNode(name: unknown): NodeName | undefined {
  if (name === undefined || name === null || name === "") return undefined;
  if (typeof name !== "string") throw new DecodeError("status.nominatedNodeName must be a string");
  return name as NodeName;
}

// The API sends the number that the pod's PriorityClass stood for; pods from before priorities have none.
function priority(value: unknown = 0): number {
  if (value === null) return 0;
  const isInt32 = Number.isInteger(value) && Number(value) >= -(2 ** 31) && Number(value) < 2 ** 31;
  if (!isInt32) throw new DecodeError("spec.priority must be a 32-bit integer");
  return Number(value);
}

function startedAtMs(text: unknown): number | undefined {
  if (text === undefined || text === null) return undefined;
  const timeMs = typeof text === "string" ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(timeMs)) throw new DecodeError("status.startTime must be a time");
  return timeMs;
}

function isTerminating({ metadata }: ApiPod): boolean {
  return metadata?.deletionTimestamp !== undefined && metadata.deletionTimestamp !== null;
}

// What kube-scheduler writes onto a victim before it deletes it, and looks for when it decides whether to wait.
function isPreemption({ type, status, reason }: ApiCondition): boolean {
  return type === "DisruptionTarget" && status === "True" && reason === "PreemptionByScheduler";
}

function proxyView(pod: ApiPod): ProxyView {
  const { metadata, status } = pod;
  return {
    isReady: !isTerminating(pod) && isReady(pod),
    base: decodeProxyBase(metadata?.annotations ?? {}),
    correction: correction(metadata?.annotations?.[CORRECTION_ANNOTATION]),
    ...(status?.hostIP !== undefined && status.hostIP !== "" && { address: status.hostIP }),
  };
}

function isReady({ status }: ApiPod): boolean {
  return (status?.conditions ?? []).some(({ type, status: value }) => type === "Ready" && value === "True");
}

/**
 * What a proxy costs without instances, from its pod's annotations; nothing if they do not say.
 *
 * @throws DecodeError naming the annotation.
 */
export function decodeProxyBase(annotations: Readonly<Record<string, string>>): Resources {
  const text = annotations[PROXY_BASE_ANNOTATION];
  if (text === undefined) return noResources;
  const base = parseAnnotation(PROXY_BASE_ANNOTATION, text) as { cpu?: unknown; memory?: unknown };
  const size = {
    cpuMilli: base.cpu === undefined ? 0 : parseCpuMilli(String(base.cpu)),
    memoryBytes: base.memory === undefined ? 0 : parseMemoryBytes(String(base.memory)),
  };
  if (isWithin(noResources, size)) return size;
  throw new DecodeError(`annotation ${PROXY_BASE_ANNOTATION} must not be negative`);
}

function correction(text: string | undefined): Correction {
  if (text === undefined) return NO_CORRECTION;
  const parsed = parseAnnotation(CORRECTION_ANNOTATION, text) as { cpu?: unknown; memory?: unknown };
  return boundCorrection({ cpu: correctionFactor(parsed.cpu), memory: correctionFactor(parsed.memory) });
}

// Anything but a number would otherwise turn into 0 and halve what the node's proxy is thought to need.
function correctionFactor(value: unknown): number {
  if (value === undefined) return 1;
  if (typeof value === "number") return value;
  throw new DecodeError(`annotation ${CORRECTION_ANNOTATION} must hold numbers`);
}

function parseAnnotation(name: string, text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null) return value;
  } catch {
    // Reported below together with JSON that is no object.
  }
  throw new DecodeError(`annotation ${name} must be a JSON object`);
}
