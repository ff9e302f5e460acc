// A headroom pod's object: small enough to run anywhere should it be placed, asks for A + B, may run where the pod may
// that it stands for, and goes with it.

import type { Resources } from "#model/resources.ts";
import { APP_LABEL, HEADROOM_LABEL, MESH_LABEL } from "#model/app.ts";

export interface HeadroomPodOptions {
  readonly image: string;
  readonly priorityClass: string;
}

/** The parts of the pod it stands for that say where it may run. */
interface StoodFor {
  readonly metadata: { readonly name: string; readonly uid: string };
  readonly spec: {
    readonly nodeSelector?: unknown;
    readonly affinity?: { readonly nodeAffinity?: unknown } | null;
    readonly tolerations?: unknown;
    readonly schedulerName?: unknown;
  };
}

/** `pod` is the object as the API server shows it. */
export function headroomPod(
  pod: unknown,
  request: Resources,
  { image, priorityClass }: HeadroomPodOptions,
): Readonly<Record<string, unknown>> {
  const { metadata, spec } = pod as StoodFor;
  const { nodeSelector, affinity, tolerations, schedulerName } = spec;
  const amounts = { cpu: `${request.cpuMilli}m`, memory: String(request.memoryBytes) };
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      generateName: "berth-headroom-",
      labels: {
        [HEADROOM_LABEL]: metadata.uid,
        [APP_LABEL]: "berth-headroom",
        // In a namespace of the mesh it would be injected, and cost a share of its own.
        [MESH_LABEL]: "disabled",
      },
      // Gone with the pod, should nobody be there to delete it.
      ownerReferences: [{ apiVersion: "v1", kind: "Pod", name: metadata.name, uid: metadata.uid }],
    },
    spec: {
      priorityClassName: priorityClass,
      nodeSelector,
      affinity: affinity?.nodeAffinity === undefined ? undefined : { nodeAffinity: affinity.nodeAffinity },
      tolerations,
      schedulerName,
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      terminationGracePeriodSeconds: 0,
      securityContext: {
        runAsNonRoot: true,
        runAsUser: 65_534,
        seccompProfile: { type: "RuntimeDefault" },
      },
      containers: [
        {
          name: "headroom",
          image,
          resources: { requests: amounts, limits: amounts },
          securityContext: {
            allowPrivilegeEscalation: false,
            readOnlyRootFilesystem: true,
            capabilities: { drop: ["ALL"] },
          },
        },
      ],
    },
  };
}
