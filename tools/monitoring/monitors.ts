// What a Prometheus of the operator's scrapes: the components' operations ports, and each proxy's usage port.

import { LABELS } from "./object-labels.ts";

const NAMESPACE = "berth-system";
/** As `--usage-port` in manifests/base/proxy.yaml. */
export const USAGE_PORT = 9093;
/** A proxy has some fifty series per app on its node. */
const SAMPLES_PER_SCRAPE_MAX = 50_000;

export function podMonitors(): readonly object[] {
  return [
    podMonitor("berth-scheduler-extender", { port: "operations" }),
    podMonitor("berth-vpa-recommender", { port: "operations" }),
    // With hostNetwork a declared port would be reserved on the node, so that there is none to name: the address is made
    // of the pod's. IPv6 addresses come bare.
    podMonitor("berth-proxy", {
      relabelings: [
        { sourceLabels: ["__meta_kubernetes_pod_node_name"], targetLabel: "node" },
        {
          sourceLabels: ["__meta_kubernetes_pod_ip"],
          regex: "([0-9.]+)",
          targetLabel: "__address__",
          replacement: `$1:${USAGE_PORT}`,
        },
        {
          sourceLabels: ["__meta_kubernetes_pod_ip"],
          regex: "([0-9a-fA-F]*:[0-9a-fA-F:.]+)",
          targetLabel: "__address__",
          replacement: `[$1]:${USAGE_PORT}`,
        },
      ],
    }),
  ];
}

function podMonitor(name: string, endpoint: object): object {
  return {
    apiVersion: "monitoring.coreos.com/v1",
    kind: "PodMonitor",
    metadata: { name, namespace: NAMESPACE, labels: LABELS },
    spec: {
      selector: { matchLabels: { "app.kubernetes.io/name": name } },
      sampleLimit: SAMPLES_PER_SCRAPE_MAX,
      podMetricsEndpoints: [{ path: "/metrics", interval: "30s", ...endpoint }],
    },
  };
}
