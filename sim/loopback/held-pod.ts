// What a kubelet knows of a pod besides the API object: what it allocated to it, and how far a resize has come.

import type { Resources } from "#model/resources.ts";
import { isWithin } from "#model/resources.ts";
import { objectOf, textOf } from "./json.ts";
import type { Json, JsonObject } from "./json.ts";
import type { KubeObject, ObjectKey } from "./kube-object.ts";
import { containersOf, isRestartable } from "./pod-resources.ts";
import type { QosClass } from "./qos-class.ts";
import { qosClassOf } from "./qos-class.ts";

export interface HeldPod {
  readonly key: ObjectKey;
  readonly uid: string;
  readonly nodeName: string;
  readonly priority: number;
  readonly qosClass: QosClass;
  state: "starting" | "running" | "ended";
  /** The pod's request as kubelet granted it. */
  allocated: Resources;
  /** The containers' resources as kubelet granted them. */
  granted: ContainerGrants;
  /** Granted and not yet carried out. */
  actuating: ContainerGrants | undefined;
  pending: PendingResize | undefined;
  removalMs: number | undefined;
}

export type ContainerGrants = ReadonlyMap<string, JsonObject>;

/** A resize that kubelet has not granted. */
export interface PendingResize {
  readonly asked: ContainerGrants;
  readonly request: Resources;
  readonly kind: "deferred" | "infeasible";
  readonly sinceMs: number;
  /** An injected fault: not granted before this time whatever the room. */
  readonly heldUntilMs: number;
}

/** The resources of every running container, as the spec asks for them. */
export function askedResources(pod: JsonObject): ContainerGrants {
  const sidecars = containersOf(pod, "initContainers").filter(isRestartable);
  return new Map(
    [...containersOf(pod), ...sidecars].map((container) => [
      nameOf(container),
      objectOf(container["resources"]),
    ]),
  );
}

/** Order in which deferred resizes are served: shrinking first, then priority, QoS class and age. */
export function compareDeferred(a: HeldPod, b: HeldPod): number {
  return (
    Number(isShrinking(b)) - Number(isShrinking(a)) ||
    b.priority - a.priority ||
    QOS_RANKS[a.qosClass] - QOS_RANKS[b.qosClass] ||
    (a.pending?.sinceMs ?? 0) - (b.pending?.sinceMs ?? 0)
  );
}

export function newHeldPod(pod: KubeObject, allocated: Resources, granted: ContainerGrants): HeldPod {
  const spec = objectOf(pod.spec);
  return {
    key: { namespace: pod.metadata.namespace, name: pod.metadata.name },
    uid: pod.metadata.uid,
    nodeName: textOf(spec["nodeName"]) ?? "",
    priority: numberOf(spec["priority"]),
    qosClass: qosClassOf(pod),
    state: "starting",
    allocated,
    granted,
    actuating: undefined,
    pending: undefined,
    removalMs: undefined,
  };
}

const QOS_RANKS: Readonly<Record<QosClass, number>> = { Guaranteed: 0, Burstable: 1, BestEffort: 2 };

function isShrinking({ pending, allocated }: HeldPod): boolean {
  return pending !== undefined && isWithin(pending.request, allocated);
}

function nameOf(container: JsonObject): string {
  return textOf(container["name"]) ?? "";
}

function numberOf(value: Json | undefined): number {
  return typeof value === "number" ? value : 0;
}
