// A trace's pod as the replayed cluster sees it: the names the model wants, and the request its mesh makes of it.

import { appName } from "#model/app.ts";
import type { AppName, NodeName, PodUid } from "#model/brand.ts";
import type { PodView } from "#model/cluster-view.ts";
import { noResources, type Resources } from "#model/resources.ts";
import { type SidecarSize, withSidecar } from "../policies/sidecar.ts";
import type { TracePod } from "../traces/trace.ts";

/** How the mesh of a run is carried: a proxy container in every pod, or one proxy pod on every node. */
export type MeshModel =
  | { readonly kind: "sidecar"; readonly size: SidecarSize }
  | { readonly kind: "nodeProxy" };

/** One object per pod, which the ledger keeps as well: there may be hundreds of thousands at once. */
export interface ReplayPod extends PodView {
  readonly app: AppName;
  /** What the scheduler counts: A, with the sidecar where there is one. */
  readonly request: Resources;
  /** The trace's name for the place that the pod is in. */
  slot: string;
  /** Set by the cluster when it binds the pod. */
  nodeName: NodeName | undefined;
  /** The sidecar's part of the request; nothing with node proxies. */
  readonly sidecar: Resources;
  /** The controller that keeps the app's pods alike. */
  readonly ownerUid: string;
  readonly proxy: undefined;
}

export function replayPod(pod: TracePod, mesh: MeshModel): ReplayPod {
  return new PodMaker(mesh).make(pod);
}

/** Makes the pods of a run; what the pods of one app share is made once. */
export class PodMaker {
  readonly #mesh: MeshModel;
  readonly #apps = new Map<string, { readonly app: AppName; readonly ownerUid: string }>();

  constructor(mesh: MeshModel) {
    this.#mesh = mesh;
  }

  make(pod: TracePod): ReplayPod {
    const mesh = this.#mesh;
    const { app, ownerUid } = this.#appOf(pod.app);
    const isSidecar = mesh.kind === "sidecar";
    return {
      uid: pod.id as PodUid,
      namespace: NAMESPACE,
      name: pod.id,
      slot: pod.id,
      app,
      request: isSidecar ? withSidecar(pod, mesh.size).request : pod.request,
      nodeName: undefined,
      isFinished: false,
      ownerUid,
      proxy: undefined,
      sidecar: isSidecar ? mesh.size(pod.request) : noResources,
    };
  }

  #appOf(name: string): { readonly app: AppName; readonly ownerUid: string } {
    let known = this.#apps.get(name);
    if (known === undefined) {
      known = { app: tracedApp(name), ownerUid: `owner-of-${name}` };
      this.#apps.set(name, known);
    }
    return known;
  }
}

/** The trace's apps share one namespace. */
export function tracedApp(name: string): AppName {
  return appName(NAMESPACE, name);
}

export const NAMESPACE = "trace";
