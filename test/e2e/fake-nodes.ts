// Nodes whose kubelets are kwok's: it says that a node is ready and that the pods bound to it run, and lets deleted pods
// go. It runs nothing, so Berth's own Deployments are left to the pod runner, which starts their processes.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { KubeConnection } from "#kube/connection.ts";
import { NODES, resourcePath } from "#kube/resource-path.ts";
import { Limiter } from "#runtime/limiter.ts";
import { freePort } from "#cli/start/free-port.ts";
import { type ControlPlane, HOST } from "./control-plane.ts";

export interface NodeSpec {
  readonly name: string;
  readonly cpu: string;
  readonly memory: string;
  /** Key and value of a label, and of a taint that keeps pods without a toleration away. */
  readonly pool?: readonly [key: string, value: string];
}

const KWOK_ANNOTATION = { "kwok.x-k8s.io/node": "fake" };
const READY_MS_MAX = 120_000;
const CREATES_AT_ONCE_MAX = 16;
const ADDRESSES_PER_BYTE = 250;

/**
 * @throws Error with the end of kwok's log if it does not get ready.
 */
export async function startKwok(controlPlane: ControlPlane): Promise<void> {
  const config = join(controlPlane.files.folder, "kwok.yaml");
  // JSON is YAML.
  writeFileSync(config, STAGES.map((stage) => JSON.stringify(stage)).join("\n---\n"));
  const url = `${HOST}:${await freePort(HOST)}`;
  const kwok = controlPlane.spawn("kwok", [
    `--kubeconfig=${controlPlane.kubeconfigOf("admin")}`,
    `--config=${config}`,
    "--manage-nodes-with-annotation-selector=kwok.x-k8s.io/node=fake",
    "--cidr=10.244.0.0/16",
    `--server-address=${url}`,
  ]);
  await kwok.ready(async () => (await fetch(`http://${url}/healthz`)).ok, READY_MS_MAX);
}

/** Nodes for kwok, each with an address of its own. */
export async function addFakeNodes(connection: KubeConnection, nodes: readonly NodeSpec[]): Promise<void> {
  const limiter = new Limiter(CREATES_AT_ONCE_MAX);
  await Promise.all(
    nodes.map((node, index) =>
      limiter.run(() =>
        createNode(connection, node, {
          annotations: KWOK_ANNOTATION,
          address: `10.200.${Math.floor(index / ADDRESSES_PER_BYTE)}.${1 + (index % ADDRESSES_PER_BYTE)}`,
        }),
      ),
    ),
  );
}

/** The node that the pod runner is the kubelet of; it is ready from the start. */
export async function addLocalNode(connection: KubeConnection, node: NodeSpec): Promise<void> {
  const conditions = [
    { type: "Ready", status: "True", reason: "PodRunner", message: "pods run as processes" },
  ];
  await createNode(connection, node, { address: HOST, conditions });
}

interface NodeExtras {
  readonly address: string;
  readonly annotations?: object;
  readonly conditions?: readonly object[];
}

async function createNode(
  connection: KubeConnection,
  { name, cpu, memory, pool }: NodeSpec,
  { address, annotations = {}, conditions = [] }: NodeExtras,
): Promise<void> {
  const allocatable = { cpu, memory, pods: "110" };
  const addresses = [
    { type: "InternalIP", address },
    { type: "Hostname", address: name },
  ];
  await connection.create(resourcePath(NODES), {
    metadata: {
      name,
      annotations,
      labels: {
        "kubernetes.io/hostname": name,
        "kubernetes.io/os": "linux",
        ...(pool === undefined ? {} : { [pool[0]]: pool[1] }),
      },
    },
    spec: pool === undefined ? {} : { taints: [{ key: pool[0], value: pool[1], effect: "NoSchedule" }] },
    status: { allocatable, capacity: allocatable, addresses, conditions },
  });
}

interface StageSpec {
  readonly kind: "Node" | "Pod";
  readonly when: Readonly<Record<string, { readonly operator: string; readonly values?: readonly string[] }>>;
  readonly next: object;
}

function stage(name: string, { kind, when, next }: StageSpec): object {
  const matchExpressions = Object.entries(when).map(([key, { operator, values }]) => ({
    key,
    operator,
    values,
  }));
  return {
    apiVersion: "kwok.x-k8s.io/v1alpha1",
    kind: "Stage",
    metadata: { name },
    spec: { resourceRef: { apiGroup: "v1", kind }, selector: { matchExpressions }, next },
  };
}

const READY = '.status.conditions.[] | select( .type == "Ready" ) | .status';
const PART_OF = '.metadata.labels["app.kubernetes.io/part-of"]';

const waiting = {
  ".metadata.deletionTimestamp": { operator: "DoesNotExist" },
  ".status.phase": { operator: "In", values: ["Pending"] },
  [READY]: { operator: "NotIn", values: ["True"] },
};

const running = {
  statusTemplate: `
{{ $now := Now }}
phase: Running
startTime: {{ $now | Quote }}
conditions:
${["Initialized", "ContainersReady", "Ready"].map(condition).join("\n")}
containerStatuses:
{{ range .spec.containers }}
- {name: {{ .name | Quote }}, image: {{ .image | Quote }}, imageID: "", ready: true, started: true, restartCount: 0, resources: {{ .resources | toJson }}, state: {running: {startedAt: {{ $now | Quote }}}}}
{{ end }}
{{ with NodeIPsWith .spec.nodeName }}
hostIP: {{ index . 0 | Quote }}
hostIPs: [{ip: {{ index . 0 | Quote }}}]
{{ end }}
{{ with PodIPsWith .spec.nodeName ( or .spec.hostNetwork false ) ( or .metadata.uid "" ) ( or .metadata.name "" ) ( or .metadata.namespace "" ) }}
podIP: {{ index . 0 | Quote }}
podIPs: [{ip: {{ index . 0 | Quote }}}]
{{ end }}
`,
};

function condition(type: string): string {
  return `- {type: ${type}, status: "True", lastTransitionTime: {{ $now | Quote }}}`;
}

const STAGES = [
  stage("node-ready", {
    kind: "Node",
    when: { [READY]: { operator: "NotIn", values: ["True"] } },
    next: {
      statusTemplate: `
{{ $now := Now }}
conditions:
- {type: Ready, status: "True", reason: Kwok, message: pretends, lastHeartbeatTime: {{ $now | Quote }}, lastTransitionTime: {{ $now | Quote }}}
`,
    },
  }),
  stage("pod-running", {
    kind: "Pod",
    when: { ...waiting, [PART_OF]: { operator: "NotIn", values: ["berth"] } },
    next: running,
  }),
  stage("proxy-running", {
    kind: "Pod",
    when: {
      ...waiting,
      [PART_OF]: { operator: "In", values: ["berth"] },
      ".metadata.ownerReferences.[].kind": { operator: "In", values: ["DaemonSet"] },
    },
    next: running,
  }),
  // Resized at once, and said so: a kubelet with room.
  stage("pod-resized", {
    kind: "Pod",
    when: {
      ".metadata.deletionTimestamp": { operator: "DoesNotExist" },
      ".status.phase": { operator: "In", values: ["Running"] },
      ".spec.containers.[0].resources == .status.containerStatuses.[0].resources": {
        operator: "In",
        values: ["false"],
      },
    },
    next: running,
  }),
  stage("pod-deleted", {
    kind: "Pod",
    when: { ".metadata.deletionTimestamp": { operator: "Exists" } },
    next: { delete: true },
  }),
];
