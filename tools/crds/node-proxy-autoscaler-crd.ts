// The CustomResourceDefinition of NodeProxyAutoscaler, from the schemas that its decoder checks with.

import {
  nodeProxyAutoscalerSpecSchema,
  nodeProxyAutoscalerStatusSchema,
  SIZES_SUFFICE,
} from "#kube/node-proxy-autoscaler-schema.ts";
import { NODE_PROXY_AUTOSCALERS } from "#kube/resource-path.ts";
import { type StructuralSchema, structuralSchema } from "./structural-schema.ts";

export const NODE_PROXY_AUTOSCALER_SCHEMA: StructuralSchema = {
  description: "Sizes each pod of one DaemonSet by what is on its node.",
  type: "object",
  required: ["spec"],
  properties: {
    apiVersion: { type: "string", description: "berth.dev/v1alpha1." },
    kind: { type: "string", description: "NodeProxyAutoscaler." },
    metadata: { type: "object" },
    spec: structuralSchema(nodeProxyAutoscalerSpecSchema),
    status: structuralSchema(nodeProxyAutoscalerStatusSchema),
  },
};

export const NODE_PROXY_AUTOSCALER_CRD = {
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  metadata: { name: `${NODE_PROXY_AUTOSCALERS.resource}.${NODE_PROXY_AUTOSCALERS.group}` },
  spec: {
    group: NODE_PROXY_AUTOSCALERS.group,
    scope: "Namespaced",
    names: {
      kind: "NodeProxyAutoscaler",
      listKind: "NodeProxyAutoscalerList",
      plural: NODE_PROXY_AUTOSCALERS.resource,
      singular: "nodeproxyautoscaler",
      shortNames: ["npa"],
    },
    versions: [
      {
        name: NODE_PROXY_AUTOSCALERS.version,
        served: true,
        storage: true,
        subresources: { status: {} },
        additionalPrinterColumns: [
          { name: "Target", type: "string", jsonPath: ".spec.targetRef.name" },
          { name: "Mode", type: "string", jsonPath: ".spec.updateMode" },
          { name: "Pods", type: "integer", jsonPath: ".status.pods" },
          { name: "At target", type: "integer", jsonPath: ".status.atTarget" },
          { name: "Short", type: "integer", jsonPath: ".status.short" },
          {
            name: "Suffice",
            type: "string",
            jsonPath: `.status.conditions[?(@.type=="${SIZES_SUFFICE}")].status`,
            priority: 1,
          },
          { name: "Age", type: "date", jsonPath: ".metadata.creationTimestamp" },
        ],
        schema: { openAPIV3Schema: NODE_PROXY_AUTOSCALER_SCHEMA },
      },
    ],
  },
};
