// The environment of a mesh pod's container as kubelet makes it of what admission injected.

import type { AppPorts } from "#model/mesh-profile.ts";
import { injectionPatch } from "#scheduler-extender/policy/injection.ts";

interface Variable {
  readonly name: string;
  readonly value?: string;
}

/** Kubelet puts it into every container, and admission refers to it. */
const CLUSTER = { KUBERNETES_SERVICE_HOST: "10.96.0.1" };

export function injectedEnvironment(ports: AppPorts, nodeIp: string): Readonly<Record<string, string>> {
  const pod = { spec: { containers: [{ name: "app" }] } };
  const patch = injectionPatch(pod, { ports, ipFamily: "IPv4", noProxy: [], preStopSeconds: 0 });
  const { value } = patch.find(({ path }) => path === "/spec/containers/0/env") ?? { value: [] };
  const environment: Record<string, string> = { ...CLUSTER };
  for (const { name, value: text } of value as readonly Variable[]) {
    // The one variable without a value is the node's address, by fieldRef.
    environment[name] = (text ?? nodeIp).replaceAll(
      REFERENCE,
      (_, known: string) => environment[known] ?? "",
    );
  }
  return environment;
}

const REFERENCE = /\$\((\w+)\)/g;
