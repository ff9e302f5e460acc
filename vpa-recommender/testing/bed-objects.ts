// What the bed's objects are made of, and what is read off them.

import { SHARES_ANNOTATION } from "#model/shares.ts";
import type { JsonObject } from "#sim/loopback/json.ts";
import type { KubeObject } from "#sim/loopback/kube-object.ts";

export const TEMPLATE: JsonObject = { cpu: "150m", memory: "192Mi" };
export const SMALL: JsonObject = { cpu: "100m", memory: "64Mi" };
export const PROXY_BASE = '{"cpu":"100m","memory":"128Mi"}';
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
