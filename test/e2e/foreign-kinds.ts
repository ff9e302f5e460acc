// Kinds of other projects that Berth's manifests have objects of, made known to the API server without their projects.

import type { TestCluster } from "./test-cluster.ts";

export interface ForeignKinds {
  readonly group: string;
  readonly version: string;
  readonly kinds: readonly string[];
}

export const PROMETHEUS_OPERATOR: ForeignKinds = {
  group: "monitoring.coreos.com",
  version: "v1",
  kinds: ["PodMonitor", "PrometheusRule"],
};

const ANYTHING = { type: "object", "x-kubernetes-preserve-unknown-fields": true };

export async function addKinds(cluster: TestCluster, { group, version, kinds }: ForeignKinds): Promise<void> {
  for (const kind of kinds) {
    const names = { kind, plural: plural(kind), singular: kind.toLowerCase(), listKind: `${kind}List` };
    const name = `${names.plural}.${group}`;
    const schema = { openAPIV3Schema: ANYTHING };
    await cluster.apply({
      apiVersion: "apiextensions.k8s.io/v1",
      kind: "CustomResourceDefinition",
      metadata: { name },
      spec: {
        group,
        scope: "Namespaced",
        names,
        versions: [{ name: version, served: true, storage: true, schema }],
      },
    });
    await cluster.kubectl("wait", "--for=condition=Established", `crd/${name}`, "--timeout=120s");
  }
}

export async function removeKinds(cluster: TestCluster, { group, kinds }: ForeignKinds): Promise<void> {
  await cluster.kubectl("delete", "crd", ...kinds.map((kind) => `${plural(kind)}.${group}`));
}

function plural(kind: string): string {
  return `${kind.toLowerCase()}s`;
}
