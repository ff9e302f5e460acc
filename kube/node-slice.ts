// NodeSlice ⇄ discovery.k8s.io/v1 EndpointSlice. Without the label kubernetes.io/service-name these are nobody's
// endpoints but ours, and service-proxy-name keeps them from kube-proxy, which would complain of each
// (cmd/kube-proxy/app/server.go and pkg/proxy/endpointslicecache.go of Kubernetes 1.37).

import { z } from "zod";
import { appName, splitAppName } from "#model/app.ts";
import type { NodeName } from "#model/brand.ts";
import type { EntryState, NodeEntry, NodeSlice } from "#model/node-slice.ts";
import { DecodeError } from "./decode-pod.ts";

/** Proxies watch by this label; its value is the Service's name. */
export const SERVICE_LABEL = "berth.dev/service";
const APP_NAME_LABEL = "berth.dev/app";
const MANAGED_BY_LABEL = "endpointslice.kubernetes.io/managed-by";
const SERVICE_PROXY_LABEL = "service.kubernetes.io/service-proxy-name";
const MANAGER = "berth.dev";
const PORTS_ANNOTATION = "berth.dev/service-ports";
const CLUSTER_IPS_ANNOTATION = "berth.dev/cluster-ips";

/** What the extender's leader keeps, and nobody else's slices. */
export const MANAGED_SELECTOR = `${MANAGED_BY_LABEL}=${MANAGER}`;

/** Kubernetes' own bound. */
const ENTRIES_MAX = 1_000;
/** A Service has at most one per family. */
const CLUSTER_IPS_MAX = 2;

const port = z.int().min(1).max(65_535);
const sliceSchema = z.object({
  metadata: z.object({
    name: z.string(),
    namespace: z.string(),
    labels: z.object({ [SERVICE_LABEL]: z.string().min(1), [APP_NAME_LABEL]: z.string().min(1) }),
    annotations: z.object({
      [PORTS_ANNOTATION]: z.string().regex(/^\d+(,\d+)*$/),
      [CLUSTER_IPS_ANNOTATION]: z.string().optional(),
    }),
    ownerReferences: z.array(z.object({ kind: z.string(), uid: z.string() })).optional(),
  }),
  addressType: z.enum(["IPv4", "IPv6"]),
  ports: z.tuple([z.object({ port })]),
  endpoints: z
    .array(
      z.object({
        addresses: z.tuple([z.string().min(1)]),
        nodeName: z.string().min(1),
        zone: z.string().optional(),
        conditions: z.object({ ready: z.boolean().nullish(), serving: z.boolean().nullish() }).optional(),
      }),
    )
    .max(ENTRIES_MAX)
    .nullish(),
});

/**
 * Reads one of our slices.
 *
 * @throws DecodeError with the path of every field that is not as the extender's leader writes it.
 */
export function decodeNodeSlice(raw: unknown): NodeSlice {
  const parsed = sliceSchema.safeParse(raw);
  if (!parsed.success) throw new DecodeError(`EndpointSlice: ${z.prettifyError(parsed.error)}`);
  const { metadata, addressType, ports, endpoints } = parsed.data;
  const { name, namespace, labels, annotations, ownerReferences = [] } = metadata;
  const clusterIps = annotations[CLUSTER_IPS_ANNOTATION] ?? "";
  return {
    namespace,
    name,
    service: labels[SERVICE_LABEL],
    serviceUid: ownerReferences.find(({ kind }) => kind === "Service")?.uid ?? "",
    app: appName(namespace, labels[APP_NAME_LABEL]),
    family: addressType,
    inboundPort: ports[0].port,
    servicePorts: annotations[PORTS_ANNOTATION].split(",").map(Number),
    clusterIps: clusterIps === "" ? [] : clusterIps.split(",").slice(0, CLUSTER_IPS_MAX),
    entries: (endpoints ?? []).map(({ addresses: [address], nodeName, zone = "", conditions = {} }) => ({
      node: nodeName as NodeName,
      address,
      zone,
      state: stateOf(conditions),
    })),
  };
}

/** The whole object, to create or, with the version it replaces, to update. */
export function nodeSliceObject(slice: NodeSlice, resourceVersion?: string): object {
  const { namespace, name, service, serviceUid: uid } = slice;
  return {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: {
      namespace,
      name,
      ...(resourceVersion !== undefined && { resourceVersion }),
      labels: {
        [SERVICE_LABEL]: service,
        [APP_NAME_LABEL]: splitAppName(slice.app).name,
        [MANAGED_BY_LABEL]: MANAGER,
        [SERVICE_PROXY_LABEL]: MANAGER,
      },
      annotations: {
        [PORTS_ANNOTATION]: slice.servicePorts.join(","),
        ...(slice.clusterIps.length > 0 && { [CLUSTER_IPS_ANNOTATION]: slice.clusterIps.join(",") }),
      },
      // Goes with its Service also where nobody leads.
      ownerReferences: [{ apiVersion: "v1", kind: "Service", name: service, uid }],
    },
    addressType: slice.family,
    ports: [{ name: "berth-inbound", port: slice.inboundPort, protocol: "TCP" }],
    endpoints: slice.entries.map(endpoint),
  };
}

function endpoint({ address, node, zone, state }: NodeEntry): object {
  return {
    addresses: [address],
    nodeName: node,
    ...(zone !== "" && { zone }),
    conditions: {
      ready: state === "ready",
      serving: state !== "unready",
      terminating: state === "terminating",
    },
  };
}

interface Conditions {
  readonly ready?: boolean | null | undefined;
  readonly serving?: boolean | null | undefined;
}

function stateOf({ ready, serving }: Conditions): EntryState {
  if (ready === true) return "ready";
  return serving === true ? "terminating" : "unready";
}
