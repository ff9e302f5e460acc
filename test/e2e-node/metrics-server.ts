// Upstream's metrics-server on the suite's node: what it serves was measured by kubelet.

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { POD_METRICS, resourcePath } from "#kube/resource-path.ts";
import { GoTools } from "#test/e2e/go-tools.ts";
import { ociArchive } from "#tools/image/oci-archive.ts";
import { tarArchive } from "#tools/image/tar-archive.ts";
import type { NodeCluster } from "./node-cluster.ts";

const FOLDER = fileURLToPath(new URL("metrics-server/", import.meta.url));
const MODULE = "sigs.k8s.io/metrics-server";

const tools = new GoTools<"metrics-server">({
  folder: FOLDER,
  packages: { "metrics-server": `${MODULE}/cmd/metrics-server` },
});

/**
 * Path of the program, built if it is missing: about two minutes the first time.
 *
 * @throws UsageError if there is no Go; Error with the compiler's words if the build fails.
 */
export async function metricsServerBinary(progress: (line: string) => void): Promise<string> {
  return (await tools.paths(progress))["metrics-server"];
}

/** Which version the node runs, in a few words. */
export function metricsServerVersion(): string {
  return `metrics-server ${tools.moduleVersion(MODULE)}`;
}

/** Starts it as a Deployment behind the aggregation layer; does not wait until it serves. */
export async function installMetricsServer(cluster: NodeCluster, binary: string): Promise<void> {
  const program = { path: "metrics-server", content: readFileSync(binary), mode: 0o755 };
  await cluster.node.load(
    ociArchive({
      name: "docker.io/library/metrics-server:e2e",
      layers: [tarArchive([program])],
      config: { Entrypoint: ["/metrics-server"] },
    }),
  );
  await cluster.kubectl("apply", "-k", FOLDER);
}

/** Whether metrics.k8s.io knows any pod of the namespace. */
export async function isMeasured({ connection }: NodeCluster, namespace: string): Promise<boolean> {
  try {
    const answer = await connection.get(resourcePath({ ...POD_METRICS, namespace }));
    return (answer as { readonly items: readonly unknown[] }).items.length > 0;
  } catch {
    // It does not serve yet; a caller that waits says what it waited for.
    return false;
  }
}
