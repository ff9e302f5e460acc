// Which application a pod belongs to: the unit that shares a mesh instance.

import type { AppName } from "./brand.ts";

export const APP_LABEL = "berth.dev/app";
export const APP_LABEL_FALLBACK = "app.kubernetes.io/name";
export const MESH_LABEL = "berth.dev/mesh";
export const MESH_ENABLED = "enabled";
/** Marks the node proxy's own pods; set by the DaemonSet's template. */
export const PROXY_LABEL = "berth.dev/node-proxy";

/**
 * What a mesh pod asks one of where kube-scheduler is to send Berth's extender mesh pods only. No node has any:
 * kube-scheduler is told to look past it, and kubelet looks past what its node does not know.
 */
export const MESH_RESOURCE = "berth.dev/mesh";

/** Marks headroom pods; its value is the uid of the pod that one stands for. */
export const HEADROOM_LABEL = "berth.dev/headroom-for";

export type Labels = Readonly<Record<string, string>>;

/** `namespace/name` of the pod's app, or undefined if no label names one. */
export function appOf(namespace: string, labels: Labels): AppName | undefined {
  const name = labels[APP_LABEL] ?? labels[APP_LABEL_FALLBACK];
  return name === undefined || name === "" ? undefined : appName(namespace, name);
}

/**
 * The app whose instance carries this pod's traffic, or undefined for a pod outside the mesh. Only the pod's own
 * labels count: the admission webhook copies its namespace's choice onto the pod, so that a pod which was not
 * injected is not charged either.
 */
export function meshAppOf(namespace: string, labels: Labels): AppName | undefined {
  return labels[MESH_LABEL] === MESH_ENABLED ? appOf(namespace, labels) : undefined;
}

export function appName(namespace: string, name: string): AppName {
  return `${namespace}/${name}` as AppName;
}

export function splitAppName(app: AppName): { readonly namespace: string; readonly name: string } {
  const slash = app.indexOf("/");
  return { namespace: app.slice(0, slash), name: app.slice(slash + 1) };
}
