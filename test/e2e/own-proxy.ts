// A node proxy that is not Berth's, as docs/guides/bring-your-own-proxy.md says: in a namespace of its own, with the
// recommender's rights there.

import type { TestCluster } from "./test-cluster.ts";
import { baseObject, type Manifest } from "../manifests/manifest-files.ts";
import { SYSTEM_NAMESPACE } from "./pod-runner.ts";

export const OWN_NAMESPACE = "own-mesh";
const RECOMMENDER = "berth-vpa-recommender";

export async function addOwnProxy(cluster: TestCluster): Promise<void> {
  const namespace = OWN_NAMESPACE;
  await cluster.apply({ apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } });
  const { rules } = baseObject<Manifest & { readonly rules: readonly Rule[] }>("Role", RECOMMENDER);
  const apiVersion = "rbac.authorization.k8s.io/v1";
  const metadata = { name: "sized-by-another", namespace };
  const wanted = rules.filter(({ resources }) => resources.some((name) => /^(pods|events)/.test(name)));
  await cluster.apply({ apiVersion, kind: "Role", metadata, rules: wanted });
  await cluster.apply({
    apiVersion,
    kind: "RoleBinding",
    metadata,
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: metadata.name },
    subjects: [{ kind: "ServiceAccount", name: RECOMMENDER, namespace: SYSTEM_NAMESPACE }],
  });
  await cluster.apply(daemonSet());
  await cluster.kubectl("-n", namespace, "rollout", "status", "daemonset/mine", "--timeout=180s");
}

interface Rule {
  readonly resources: readonly string[];
}

function daemonSet(): object {
  return {
    apiVersion: "apps/v1",
    kind: "DaemonSet",
    metadata: { name: "mine", namespace: OWN_NAMESPACE },
    spec: {
      selector: { matchLabels: { name: "mine" } },
      template: {
        metadata: {
          labels: { name: "mine", "berth.dev/node-proxy": "mine" },
          annotations: { "berth.dev/proxy-base": '{"cpu":"100m","memory":"128Mi"}' },
        },
        spec: {
          priorityClassName: "berth",
          containers: [
            {
              name: "proxy",
              image: "example",
              resources: { requests: { cpu: "130m", memory: "176Mi" } },
              resizePolicy: ["cpu", "memory"].map((resourceName) => ({
                resourceName,
                restartPolicy: "NotRequired",
              })),
            },
          ],
        },
      },
    },
  };
}
