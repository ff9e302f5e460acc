// Pods, nodes and owners as decisions see them: projections of API objects.

import type { Labels } from "./app.ts";
import type { AppPort } from "./app-port.ts";
import type { AppName, NodeName, PodUid } from "./brand.ts";
import type { Correction } from "./correction.ts";
import type { NodeTraits } from "./node-traits.ts";
import type { PlacingView } from "./placing-view.ts";
import type { Resources } from "./resources.ts";

export interface PodView {
  readonly uid: PodUid;
  readonly namespace: string;
  readonly name: string;
  /** The app whose mesh instance this pod uses; undefined outside the mesh. */
  readonly app: AppName | undefined;
  /** What the pod is one of: its app, whether in the mesh or not, else its namespace. */
  readonly workload?: string;
  /** A: what kube-scheduler counts for the pod now. */
  readonly request: Resources;
  /** Undefined until the pod is bound. */
  readonly nodeName: NodeName | undefined;
  /** Succeeded or failed: it holds nothing any more. */
  readonly isFinished: boolean;
  /** Uid of the controller that owns the pod. */
  readonly ownerUid: string | undefined;
  /** Set on the node proxy's own pods. */
  readonly proxy: ProxyView | undefined;
  /** The node that is kept for it while it waits: where kube-scheduler preempted pods for it, above all. */
  readonly nominatedNode?: NodeName | undefined;
  /** Pods of a higher one may take its room; 0 if absent, as in Kubernetes. */
  readonly priority?: number;
  /** When kubelet took it on; absent until then. */
  readonly startedAtMs?: number | undefined;
  /** Its deletion is asked for; it holds its room until it is gone. */
  readonly isTerminating?: boolean;
  /** It is terminating because kube-scheduler made it give way to a pod of a higher priority. */
  readonly isPreempted?: boolean;
  /** Set on headroom pods: the pod that one stands for. */
  readonly headroomFor?: PodUid;
  /** Set while it is unbound and the placement controller has to do with it. */
  readonly placing?: PlacingView;
  /** It passes its readiness checks, terminating or not. */
  readonly isReady?: boolean;
  /** Absent on the node proxy's own pods. */
  readonly traits?: PodTraits;
}

/** What pods made from one template share, as far as Services tell pods apart by it. */
export interface PodTraits {
  /** The same for the same content. */
  readonly key: string;
  /** Without those that only tell the pods of one owner apart. */
  readonly labels: Labels;
  /** Undefined if the pod takes no requests from the mesh. */
  readonly appPort: AppPort | undefined;
}

/** What only a node proxy's pod tells. */
export interface ProxyView {
  readonly isReady: boolean;
  /** What the proxy costs without any instance. */
  readonly base: Resources;
  readonly correction: Correction;
  /** Its node's, at which it serves; absent until kubelet knows it. */
  readonly address?: string;
}

export interface NodeView {
  readonly name: NodeName;
  readonly allocatable: Resources;
  readonly zone: string;
  /** What it asks of pods; where placement chooses among all nodes, one without is left out. */
  readonly traits?: NodeTraits;
}

/** A controller that keeps a number of pods alike. */
export interface OwnerView {
  readonly uid: string;
  readonly replicas: number;
}
