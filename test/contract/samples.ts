// Objects that every Kubernetes accepts, with the parts a case is about.

import type { ContractApi, Wire } from "./contract-api.ts";

interface PodSample {
  readonly name: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly resources?: object;
  readonly spec?: object;
}

export function aPod({ name, labels = {}, resources = {}, spec = {} }: PodSample): Wire {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, labels },
    spec: { containers: [{ name: "main", image: "registry.example/main:1", resources }], ...spec },
  };
}

export function aConfigMap(name: string, data: Readonly<Record<string, string>> = {}): Wire {
  return { apiVersion: "v1", kind: "ConfigMap", metadata: { name }, data };
}

export function aReplicaSet(name: string): Wire {
  const labels = { set: name };
  return {
    apiVersion: "apps/v1",
    kind: "ReplicaSet",
    metadata: { name },
    spec: {
      replicas: 1,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          containers: [
            {
              name: "main",
              image: "registry.example/main:1",
              env: [
                { name: "ONE", value: "1" },
                { name: "TWO", value: "2" },
              ],
            },
          ],
        },
      },
    },
  };
}

/** Creates a node with two cores and 4 GiB for pods. */
export async function createNode(api: ContractApi, name: string): Promise<string> {
  const amounts = { cpu: "2", memory: "4Gi", pods: "110" };
  const nodeName = `${api.namespace}-${name}`;
  const node = { metadata: { name: nodeName }, status: { capacity: amounts, allocatable: amounts } };
  await api.post("/api/v1/nodes", { apiVersion: "v1", kind: "Node", ...node });
  return nodeName;
}

export function aBinding(name: string, nodeName: string): Wire {
  const target = { apiVersion: "v1", kind: "Node", name: nodeName };
  return { apiVersion: "v1", kind: "Binding", metadata: { name }, target };
}
