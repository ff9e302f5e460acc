// A DaemonSet that is not ours, and an app that gives it work.

import { readFileSync } from "node:fs";
import { NODE_PATH } from "#tools/image/image-content.ts";
import { BERTH_IMAGE } from "./example-pods.ts";
import type { NodeCluster } from "./node-cluster.ts";

/** Of the agent, and of the app that writes. */
export const LOGGING = "logging";
export const LOG_AGENT = "log-agent";
/** By its template, whatever its node. */
export const TEMPLATE = { cpu: "50m", memory: "64Mi" };
const PROGRAM = readFileSync(new URL("./log-agent-program.ts", import.meta.url), "utf8");
const TALK_MS = 100;
const LINES_AT_ONCE = 100;

/** The agent, what lets the recommender size it, and an autoscaler that only recommends for now. */
export async function installLogAgent(cluster: NodeCluster): Promise<void> {
  await cluster.apply({ apiVersion: "v1", kind: "List", items: [...agentObjects(), ...rightsToSize()] });
  await setUpdateMode(cluster, "Off");
}

export function setUpdateMode(cluster: NodeCluster, updateMode: "Off" | "InPlace"): Promise<void> {
  return cluster.apply({
    apiVersion: "berth.dev/v1alpha1",
    kind: "NodeProxyAutoscaler",
    metadata: { name: LOG_AGENT, namespace: LOGGING },
    spec: {
      targetRef: { apiVersion: "apps/v1", kind: "DaemonSet", name: LOG_AGENT },
      updateMode,
      headroom: { cpu: "10m", memory: "8Mi" },
    },
  });
}

/** Has so many pods write as fast as they are told to, to their logs and nowhere else. */
export function talk(cluster: NodeCluster, replicas: number): Promise<void> {
  const lines = `for (let n = 0; n < ${LINES_AT_ONCE}; n++) console.log("GET /cart 200 " + n)`;
  const program = `setInterval(() => { ${lines} }, ${TALK_MS}); process.on("SIGTERM", () => process.exit(0))`;
  return cluster.apply({
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "talker", namespace: LOGGING },
    spec: {
      replicas,
      selector: { matchLabels: { "app.kubernetes.io/name": "talker" } },
      template: {
        metadata: { labels: { "app.kubernetes.io/name": "talker" } },
        spec: {
          terminationGracePeriodSeconds: 1,
          containers: [
            {
              name: "talker",
              image: BERTH_IMAGE,
              command: [NODE_PATH, "--eval", program],
              resources: { requests: { cpu: "10m", memory: "32Mi" } },
            },
          ],
        },
      },
    },
  });
}

function agentObjects(): readonly object[] {
  const labels = { "app.kubernetes.io/name": LOG_AGENT };
  return [
    { apiVersion: "v1", kind: "Namespace", metadata: { name: LOGGING } },
    {
      apiVersion: "apps/v1",
      kind: "DaemonSet",
      metadata: { name: LOG_AGENT, namespace: LOGGING },
      spec: {
        selector: { matchLabels: labels },
        template: {
          metadata: { labels },
          spec: {
            terminationGracePeriodSeconds: 1,
            containers: [
              {
                name: "agent",
                image: BERTH_IMAGE,
                command: [NODE_PATH, "--input-type=module-typescript", "--eval", PROGRAM],
                // Kubelet lets nobody else read what containers write.
                securityContext: { runAsUser: 0 },
                resources: { requests: TEMPLATE },
                volumeMounts: [{ name: "logs", mountPath: "/var/log/pods", readOnly: true }],
              },
            ],
            volumes: [{ name: "logs", hostPath: { path: "/var/log/pods" } }],
          },
        },
      },
    },
  ];
}

// As manifests/base/vpa-recommender-rbac.yaml says for DaemonSets that run elsewhere.
function rightsToSize(): readonly object[] {
  const metadata = { name: "berth-vpa-recommender", namespace: LOGGING };
  return [
    {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "Role",
      metadata,
      rules: [
        { apiGroups: [""], resources: ["pods", "pods/resize"], verbs: ["patch"] },
        { apiGroups: [""], resources: ["events"], verbs: ["create", "patch"] },
      ],
    },
    {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "RoleBinding",
      metadata,
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: metadata.name },
      subjects: [{ kind: "ServiceAccount", name: "berth-vpa-recommender", namespace: "berth-system" }],
    },
  ];
}
