// The CustomResourceDefinition of MeshProfile, from the schemas that its decoder checks with.

import {
  APP_NAME_LENGTH_MAX,
  meshProfileSpecSchema,
  meshProfileStatusSchema,
  PORTS_ALLOCATED,
} from "#kube/mesh-profile-schema.ts";
import { MESH_PROFILES } from "#kube/resource-path.ts";
import { type StructuralSchema, structuralSchema } from "./structural-schema.ts";

export const MESH_PROFILE_SCHEMA: StructuralSchema = {
  description: "Cost, quota and placement limits of one app's mesh. Named after the app, in its namespace.",
  type: "object",
  properties: {
    apiVersion: { type: "string", description: "berth.dev/v1alpha1." },
    kind: { type: "string", description: "MeshProfile." },
    metadata: { type: "object" },
    spec: structuralSchema(meshProfileSpecSchema),
    status: structuralSchema(meshProfileStatusSchema),
  },
  "x-kubernetes-validations": [
    {
      rule: `size(self.metadata.name) <= ${APP_NAME_LENGTH_MAX}`,
      message: `metadata.name is the app's, a label value: at most ${APP_NAME_LENGTH_MAX} characters`,
    },
  ],
};

export const MESH_PROFILE_CRD = {
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  metadata: { name: `${MESH_PROFILES.resource}.${MESH_PROFILES.group}` },
  spec: {
    group: MESH_PROFILES.group,
    scope: "Namespaced",
    names: {
      kind: "MeshProfile",
      listKind: "MeshProfileList",
      plural: MESH_PROFILES.resource,
      singular: "meshprofile",
      shortNames: ["mp"],
    },
    versions: [
      {
        name: MESH_PROFILES.version,
        served: true,
        storage: true,
        subresources: { status: {} },
        // What fits in a terminal's line; -o wide shows those with a priority too.
        additionalPrinterColumns: [
          {
            name: "Ports allocated",
            type: "string",
            jsonPath: `.status.conditions[?(@.type=="${PORTS_ALLOCATED}")].status`,
          },
          { name: "Inbound", type: "integer", jsonPath: ".status.ports.inbound" },
          { name: "Outbound", type: "integer", jsonPath: ".status.ports.outbound" },
          { name: "Version", type: "integer", jsonPath: ".status.release.settled.version" },
          { name: "Release", type: "string", jsonPath: ".status.release.phase" },
          { name: "Target", type: "integer", jsonPath: ".status.release.target.version", priority: 1 },
          { name: "Nodes updated", type: "integer", jsonPath: ".status.release.nodes.updated", priority: 1 },
          { name: "Max pods/node", type: "integer", jsonPath: ".spec.placement.maxPodsPerNode" },
          { name: "Max pods/zone", type: "integer", jsonPath: ".spec.placement.maxPodsPerZone", priority: 1 },
          { name: "Base memory", type: "string", jsonPath: ".spec.cost.base.memory", priority: 1 },
          { name: "Learned", type: "number", jsonPath: ".status.learned.confidence", priority: 1 },
          { name: "Requests/s", type: "number", jsonPath: ".spec.quota.requestsPerSecond", priority: 1 },
          { name: "Age", type: "date", jsonPath: ".metadata.creationTimestamp" },
        ],
        schema: { openAPIV3Schema: MESH_PROFILE_SCHEMA },
      },
    ],
  },
};
