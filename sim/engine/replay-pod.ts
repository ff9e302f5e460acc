// A trace's pod as the replayed cluster sees it: the names the model wants, and the request its mesh makes of it.

import { appName } from "#model/app.ts";
import type { AppName, PodUid } from "#model/brand.ts";
import { noResources, type Resources } from "#model/resources.ts";
import { type SidecarSize, withSidecar } from "../policies/sidecar.ts";
import type { TracePod } from "../traces/trace.ts";

/** How the mesh of a run is carried: a proxy container in every pod, or one proxy pod on every node. */
export type MeshModel =
  | { readonly kind: "sidecar"; readonly size: SidecarSize }
  | { readonly kind: "nodeProxy" };

export interface ReplayPod {
  readonly uid: PodUid;
  readonly name: string;
  readonly app: AppName;
  /** What the scheduler counts: A, with the sidecar where there is one. */
  readonly request: Resources;
  /** The sidecar's part of it; nothing with node proxies. */
  readonly sidecar: Resources;
  /** The controller that keeps the app's pods alike. */
  readonly ownerUid: string;
}

export function replayPod(pod: TracePod, mesh: MeshModel): ReplayPod {
  return {
    uid: pod.id as PodUid,
    name: pod.id,
    app: tracedApp(pod.app),
    request: mesh.kind === "sidecar" ? withSidecar(pod, mesh.size).request : pod.request,
    sidecar: mesh.kind === "sidecar" ? mesh.size(pod.request) : noResources,
    ownerUid: `owner-of-${pod.app}`,
  };
}

/** The trace's apps share one namespace. */
export function tracedApp(name: string): AppName {
  return appName(NAMESPACE, name);
}

export const NAMESPACE = "trace";
