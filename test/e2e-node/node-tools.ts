// What a real node runs, built from source like the control plane. runc and the CNI plugins are the distribution's: they
// need a C library's headers, and every node has them from there.

import { fileURLToPath } from "node:url";
import { GoTools, goVersion, KUBERNETES } from "#test/e2e/go-tools.ts";

const CONTAINERD = "github.com/containerd/containerd/v2";
const PACKAGES = {
  kubelet: "k8s.io/kubernetes/cmd/kubelet",
  "kube-proxy": "k8s.io/kubernetes/cmd/kube-proxy",
  containerd: `${CONTAINERD}/cmd/containerd`,
  "containerd-shim-runc-v2": `${CONTAINERD}/cmd/containerd-shim-runc-v2`,
  ctr: `${CONTAINERD}/cmd/ctr`,
  pause: "berth.dev/e2e-node/pause",
} as const;

export type NodeToolName = keyof typeof PACKAGES;
export type NodeToolPaths = Readonly<Record<NodeToolName, string>>;

const tools = new GoTools<NodeToolName>({
  folder: fileURLToPath(new URL(".", import.meta.url)),
  packages: PACKAGES,
  sources: ["pause/main.go"],
});

/**
 * Paths of the programs, building what is missing: some minutes on two cores the first time.
 *
 * @throws UsageError if there is no Go; Error with the compiler's words if a build fails.
 */
export function nodeToolBinaries(progress: (line: string) => void): Promise<NodeToolPaths> {
  return tools.paths(progress);
}

/** What the node runs, in one line. */
export function nodeToolVersions(): string {
  const [kubelet, containerd] = [tools.moduleVersion(KUBERNETES), tools.moduleVersion(CONTAINERD)];
  return `kubelet and kube-proxy ${kubelet}, containerd ${containerd}, built with ${goVersion()}`;
}
