// Tells the API server whom to trust when it calls the extender's webhooks: `caBundle` of every webhook in one
// MutatingWebhookConfiguration.

import type { KubeConnection } from "#kube/connection.ts";
import { type ResourceKind, resourcePath } from "#kube/resource-path.ts";

const CONFIGURATIONS: ResourceKind = {
  group: "admissionregistration.k8s.io",
  version: "v1",
  resource: "mutatingwebhookconfigurations",
};
/** One object, there and back. */
const REQUEST_MS_MAX = 5_000;

/**
 * Writes `authorities` (PEM) where they are not what the configuration has. The patch merges webhooks by name and names
 * the version that was read, so it touches nothing else and brings no webhook back that is gone.
 *
 * @returns how many webhooks had other authorities.
 * @throws OperationError, KubeConflict among them if somebody else writes at the same time.
 */
export async function publishAuthorities(
  connection: Pick<KubeConnection, "request">,
  configuration: string,
  authorities: string,
): Promise<number> {
  const path = resourcePath({ ...CONFIGURATIONS, name: configuration });
  const { metadata, webhooks = [] } = (await connection.request({
    method: "GET",
    path,
    timeoutMs: REQUEST_MS_MAX,
  })) as RawConfiguration;
  const caBundle = Buffer.from(authorities).toString("base64");
  const outdated = webhooks.filter(({ clientConfig }) => clientConfig.caBundle !== caBundle);
  if (outdated.length === 0) return 0;
  await connection.request({
    method: "PATCH",
    path,
    contentType: "application/strategic-merge-patch+json",
    body: {
      metadata: { resourceVersion: metadata.resourceVersion },
      webhooks: outdated.map(({ name }) => ({ name, clientConfig: { caBundle } })),
    },
    timeoutMs: REQUEST_MS_MAX,
  });
  return outdated.length;
}

interface RawConfiguration {
  readonly metadata: { readonly resourceVersion: string };
  readonly webhooks?: readonly {
    readonly name: string;
    readonly clientConfig: { readonly caBundle?: string };
  }[];
}
