// The way to the API server: a plain URL, or what a kubeconfig or the pod's service account says.

import type { ComponentSettings } from "#runtime/component.ts";
import { KubeConnection } from "./connection.ts";

export async function connect(
  settings: Pick<ComponentSettings, "apiServer" | "kubeconfig" | "context">,
  userAgent: string,
): Promise<KubeConnection> {
  if (settings.apiServer !== undefined) return new KubeConnection({ server: settings.apiServer, userAgent });
  // Imported only where it is needed: the client library costs a second and 85 MB.
  const { loadConnectionOptions } = await import("./kubeconfig.ts");
  const { kubeconfig, context } = settings;
  const options = await loadConnectionOptions({
    ...(kubeconfig === undefined ? {} : { kubeconfig }),
    ...(context === undefined ? {} : { context }),
  });
  return new KubeConnection({ ...options, userAgent });
}
