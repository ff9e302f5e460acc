// Pods and what kube-scheduler counts for them: PodRequests of k8s.io/component-helpers v0.37.2 with its status and
// in-place resize options on, after the API server's rounding to milli scale, ran on every line.

import type { ApiPod } from "#kube/decode-pod.ts";

interface CountedPod {
  readonly title: string;
  readonly spec: NonNullable<ApiPod["spec"]>;
  readonly status?: NonNullable<ApiPod["status"]>;
  readonly cpuMilli: number;
  readonly memoryBytes: number;
}

const MI = 1024 ** 2;

const app = (cpu: string, memory: string) => ({ name: "app", resources: { requests: { cpu, memory } } });
const init = (name: string, cpu: string, restartPolicy?: "Always") => ({
  name,
  resources: { requests: { cpu } },
  ...(restartPolicy === undefined ? {} : { restartPolicy }),
});
const infeasible = [{ type: "PodResizePending", status: "True", reason: "Infeasible" }];
const deferred = [{ type: "PodResizePending", status: "True", reason: "Deferred" }];

export const KUBE_SCHEDULER_REQUESTS: readonly CountedPod[] = [
  {
    title: "fractions below a thousandth round up for each container",
    spec: { containers: [app("0.0001", "333333u"), { ...app("100.5m", "100.5m"), name: "side" }] },
    cpuMilli: 102,
    memoryBytes: 1,
  },
  {
    title: "sidecars before, between and after ordinary init containers",
    spec: {
      containers: [app("200m", "64Mi")],
      initContainers: [
        init("mesh", "100m", "Always"),
        init("migrate", "500m"),
        init("log", "300m", "Always"),
        init("warm", "50m"),
      ],
    },
    cpuMilli: 600,
    memoryBytes: 64 * MI,
  },
  {
    title: "a sidecar that starts after the largest init container",
    spec: {
      containers: [app("50m", "64Mi")],
      initContainers: [init("migrate", "500m"), init("log", "300m", "Always")],
    },
    cpuMilli: 500,
    memoryBytes: 64 * MI,
  },
  {
    title: "overhead on top of a pod-level request that names CPU only",
    spec: {
      containers: [app("1", "1Gi")],
      resources: { requests: { cpu: "500m" } },
      overhead: { cpu: "250m", memory: "120Mi" },
    },
    cpuMilli: 750,
    memoryBytes: 1_144 * MI,
  },
  {
    title: "limits for the pod as a whole are no requests",
    spec: {
      containers: [app("100m", "64Mi")],
      resources: { limits: { cpu: "2", memory: "1Gi" } } as { requests?: Record<string, string> },
    },
    cpuMilli: 100,
    memoryBytes: 64 * MI,
  },
  {
    title: "a resize that waits: the wanted size counts",
    spec: { containers: [app("800m", "256Mi")] },
    status: {
      conditions: deferred,
      containerStatuses: [
        {
          name: "app",
          allocatedResources: { cpu: "200m", memory: "128Mi" },
          resources: { requests: { cpu: "200m", memory: "128Mi" } },
        },
      ],
    },
    cpuMilli: 800,
    memoryBytes: 256 * MI,
  },
  {
    title: "a resize that cannot happen: the wanted size is dropped",
    spec: { containers: [app("800m", "256Mi")] },
    status: {
      conditions: infeasible,
      containerStatuses: [
        {
          name: "app",
          allocatedResources: { cpu: "200m", memory: "128Mi" },
          resources: { requests: { cpu: "300m", memory: "64Mi" } },
        },
      ],
    },
    cpuMilli: 300,
    memoryBytes: 128 * MI,
  },
  {
    title: "a resize that cannot happen in a pod whose node has not reported sizes counts as nothing",
    spec: { containers: [app("800m", "256Mi")] },
    status: { conditions: infeasible },
    cpuMilli: 0,
    memoryBytes: 0,
  },
  {
    title: "a shrinking container counts at what it still has",
    spec: { containers: [app("100m", "64Mi")] },
    status: {
      containerStatuses: [{ name: "app", allocatedResources: {}, resources: { requests: { cpu: "900m" } } }],
    },
    cpuMilli: 900,
    memoryBytes: 64 * MI,
  },
  {
    title: "sizes that the pod reports as a whole go before its containers'",
    spec: { containers: [app("100m", "64Mi")] },
    status: {
      allocatedResources: { cpu: "150m", memory: "64Mi" },
      resources: { requests: { cpu: "120m", memory: "96Mi" } },
      containerStatuses: [{ name: "app", allocatedResources: { cpu: "2", memory: "2Gi" } }],
    },
    cpuMilli: 150,
    memoryBytes: 96 * MI,
  },
  {
    title: "sizes that the pod reports include overhead once more, as the scheduler has it",
    spec: { containers: [app("100m", "64Mi")], overhead: { cpu: "50m" } },
    status: {
      allocatedResources: { cpu: "150m", memory: "64Mi" },
      resources: { requests: { cpu: "150m", memory: "64Mi" } },
    },
    cpuMilli: 200,
    memoryBytes: 64 * MI,
  },
  {
    title: "an allocation of the pod as a whole does not count without the actuated size",
    spec: { containers: [app("100m", "64Mi")] },
    status: { allocatedResources: { cpu: "5", memory: "5Gi" } },
    cpuMilli: 100,
    memoryBytes: 64 * MI,
  },
  {
    title: "a pod-level resize that cannot happen falls back to the containers where nothing is reported",
    spec: { containers: [app("100m", "64Mi")], resources: { requests: { cpu: "2", memory: "2Gi" } } },
    status: { conditions: infeasible, resources: {}, allocatedResources: { cpu: "300m" } },
    cpuMilli: 300,
    memoryBytes: 0,
  },
  {
    title: "huge pages alone make a request one for the pod as a whole",
    spec: {
      containers: [app("100m", "64Mi")],
      resources: { requests: { "hugepages-2Mi": "2Mi" } },
    },
    status: { resources: { requests: { cpu: "70m" } }, allocatedResources: { memory: "32Mi" } },
    cpuMilli: 70,
    memoryBytes: 32 * MI,
  },
];
