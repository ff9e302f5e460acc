// A core/v1 Pod as the API server sends it: one container, labelled as part of the mesh and bound to node-1.

import { APP_LABEL, MESH_ENABLED, MESH_LABEL } from "#model/app.ts";
import type { ApiPod } from "#kube/decode-pod.ts";

interface ApiPodOverrides {
  readonly metadata?: ApiPod["metadata"];
  readonly spec?: ApiPod["spec"];
  readonly status?: ApiPod["status"];
}

export function anApiPod({ metadata, spec, status }: ApiPodOverrides = {}): ApiPod {
  return {
    metadata: {
      uid: "uid-of-cart-1",
      name: "cart-1",
      namespace: "shop",
      labels: { [MESH_LABEL]: MESH_ENABLED, [APP_LABEL]: "cart" },
      ...metadata,
    },
    spec: {
      nodeName: "node-1",
      containers: [{ name: "app", resources: { requests: { cpu: "100m", memory: "128Mi" } } }],
      ...spec,
    },
    status: { phase: "Running", ...status },
  };
}
