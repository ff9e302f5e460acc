// The real control plane's programs.

import { fileURLToPath } from "node:url";
import { GoTools, goVersion, KUBERNETES } from "./go-tools.ts";

const PACKAGES = {
  etcd: "go.etcd.io/etcd/server/v3",
  "kube-apiserver": "k8s.io/kubernetes/cmd/kube-apiserver",
  "kube-scheduler": "k8s.io/kubernetes/cmd/kube-scheduler",
  "kube-controller-manager": "k8s.io/kubernetes/cmd/kube-controller-manager",
  kubectl: "k8s.io/kubernetes/cmd/kubectl",
  kwok: "sigs.k8s.io/kwok/cmd/kwok",
} as const;

export type ToolName = keyof typeof PACKAGES;
export type ToolPaths = Readonly<Record<ToolName, string>>;

const tools = new GoTools<ToolName>({
  folder: fileURLToPath(new URL(".", import.meta.url)),
  packages: PACKAGES,
});

/**
 * Paths of the programs, building what is missing; the first build takes ten minutes and more on two cores and says how
 * far it is.
 *
 * @throws UsageError if there is no Go; Error with the compiler's words if a build fails.
 */
export function toolBinaries(progress: (line: string) => void): Promise<ToolPaths> {
  return tools.paths(progress);
}

/** A program that an earlier run of the suite has built; for tests that build nothing. */
export function builtTool(name: ToolName): string | undefined {
  return tools.built(name);
}

/** The Kubernetes version that go.mod pins, as the server reports it. */
export function kubernetesVersion(): string {
  return tools.moduleVersion(KUBERNETES);
}

/** What the suite runs on, in one line. */
export function toolVersions(): string {
  const etcd = tools.moduleVersion("go.etcd.io/etcd/server/v3");
  const kwok = tools.moduleVersion("sigs.k8s.io/kwok");
  return `Kubernetes ${kubernetesVersion()}, etcd ${etcd}, kwok ${kwok}, built with ${goVersion()}`;
}
