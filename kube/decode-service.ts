// core/v1 Service → ServiceView. By hand, as pods are: unknown fields are the API's business.

import type { Labels } from "#model/app.ts";
import type { ServiceView } from "#model/service-view.ts";
import { DecodeError } from "./decode-pod.ts";

/**
 * @throws DecodeError if the object has no uid, name or namespace.
 */
export function decodeService(raw: unknown): ServiceView {
  const { metadata, spec = {} } = (raw ?? {}) as ApiService;
  const { uid, name, namespace } = metadata ?? {};
  if (typeof uid !== "string" || typeof name !== "string" || typeof namespace !== "string") {
    throw new DecodeError("a Service needs metadata.uid, metadata.name and metadata.namespace");
  }
  const ports = (spec.ports ?? []).filter(({ protocol = "TCP" }) => protocol === "TCP");
  const clusterIps = spec.clusterIPs ?? (spec.clusterIP === undefined ? [] : [spec.clusterIP]);
  return {
    uid,
    namespace,
    name,
    selector: spec.type === "ExternalName" ? {} : (spec.selector ?? {}),
    ports: ports.map(({ port, targetPort }) => ({ port, target: targetPort ?? port })),
    clusterIps: clusterIps.filter((address) => address !== "" && address !== "None"),
    hasOwnRouting:
      spec.sessionAffinity === "ClientIP" ||
      spec.internalTrafficPolicy === "Local" ||
      spec.publishNotReadyAddresses === true,
  };
}

interface ApiService {
  readonly metadata?: { readonly uid?: string; readonly name?: string; readonly namespace?: string };
  readonly spec?: {
    readonly type?: string;
    readonly selector?: Labels | null;
    readonly clusterIP?: string;
    readonly clusterIPs?: readonly string[];
    readonly ports?:
      | readonly {
          readonly port: number;
          readonly targetPort?: number | string;
          readonly protocol?: string;
        }[]
      | null;
    readonly sessionAffinity?: string;
    readonly internalTrafficPolicy?: string;
    readonly publishNotReadyAddresses?: boolean;
  };
}
