// What the bed's objects are made of, and what is read off them.

import { APP_LABEL, MESH_ENABLED, MESH_LABEL, PROXY_LABEL } from "#model/app.ts";
import { CORRECTION_ANNOTATION } from "#model/correction.ts";
import { SHARES_ANNOTATION, type Shares } from "#model/shares.ts";
import { decodeShares } from "#kube/shares-annotation.ts";
import { PROXY_BASE_ANNOTATION } from "#kube/decode-pod.ts";
import type { JsonObject } from "#sim/loopback/json.ts";
import type { KubeObject } from "#sim/loopback/kube-object.ts";
import type { LoopbackApi } from "#sim/loopback/loopback-api.ts";

export const TEMPLATE: JsonObject = { cpu: "150m", memory: "192Mi" };
export const SMALL: JsonObject = { cpu: "100m", memory: "64Mi" };
export const PROXY_BASE_ANNOTATIONS = { [PROXY_BASE_ANNOTATION]: '{"cpu":"100m","memory":"128Mi"}' };
export const ROUND_COST = {
  base: { cpu: "50m", memory: "100Mi" },
  perPod: { cpu: "10m", memory: "10Mi" },
  perConnection: { cpu: "0", memory: "0" },
  perKiloRps: { cpu: "0", memory: "0" },
};

export function kindOfPatch(path: string, body: unknown): "resize" | "shares" | "correction" {
  if (path.endsWith("/resize")) return "resize";
  return JSON.stringify(body).includes(SHARES_ANNOTATION) ? "shares" : "correction";
}

export function quantitiesOf(pod: KubeObject, list: "requests" | "limits"): string {
  const [container] = (pod.spec?.["containers"] ?? []) as readonly {
    readonly resources?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  }[];
  const { cpu, memory } = container?.resources?.[list] ?? {};
  return `${cpu} ${memory}`;
}

/** A node proxy's pod, as its DaemonSet makes it. */
export function proxyPodObject({
  name,
  namespace,
  resources,
  spec,
}: {
  readonly name: string;
  readonly namespace: string;
  readonly resources: JsonObject;
  readonly spec: JsonObject;
}): Creatable {
  return {
    metadata: {
      name,
      namespace,
      labels: { [PROXY_LABEL]: "berth" },
      ownerReferences: [
        { apiVersion: "apps/v1", kind: "DaemonSet", name: "berth-proxy", uid: "uid-of-daemonset" },
      ],
      annotations: PROXY_BASE_ANNOTATIONS,
    },
    spec: { ...spec, containers: [{ name: "proxy", image: "berth/proxy", resources }] },
    status: { phase: "Pending" },
  };
}

/** One pod of an app. */
export function appPodObject({
  app,
  index,
  request,
  spec,
  status,
}: {
  readonly app: string;
  readonly index: number;
  readonly request: JsonObject;
  readonly spec: JsonObject;
  readonly status: JsonObject;
}): Creatable {
  return {
    metadata: {
      name: `${app}-${index}`,
      namespace: "shop",
      labels: { [APP_LABEL]: app, [MESH_LABEL]: MESH_ENABLED },
    },
    spec: { ...spec, containers: [{ name: "app", image: "i", resources: { requests: request } }] },
    status: { phase: "Pending", ...status },
  };
}

type Creatable = Parameters<LoopbackApi["store"]["create"]>[1];

export function sharesOf({ metadata }: KubeObject): Shares | undefined {
  const text = metadata.annotations?.[SHARES_ANNOTATION];
  return text === undefined ? undefined : decodeShares(text);
}

export function correctionOf({ metadata }: KubeObject): unknown {
  const text = metadata.annotations?.[CORRECTION_ANNOTATION];
  return text === undefined ? undefined : JSON.parse(text);
}

/** The same object as another API is given it. */
export function anew({ metadata, ...content }: KubeObject): Creatable {
  const { name, namespace = "", labels = {} } = metadata;
  return { ...content, metadata: { name, namespace, labels } };
}

/** As a DaemonSet's controller binds a pod to one node before kube-scheduler does. */
export function affinityTo(node: string): JsonObject {
  const matchFields = [{ key: "metadata.name", operator: "In", values: [node] }];
  const required = { nodeSelectorTerms: [{ matchFields }] };
  return { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: required } };
}
