// The mesh's signer as the extender runs it: on every replica that may come to lead, acting on the one that does.

import { z } from "zod";
import type { ClusterLedger } from "#model/ledger.ts";
import { DEFAULT_TRUST_DOMAIN, isTrustDomain } from "#model/spiffe-id.ts";
import type { KubeConnection } from "#kube/connection.ts";
import { systemClock } from "#runtime/clock.ts";
import type { Logger } from "#runtime/logger.ts";
import type { Registry } from "prom-client";
import { MeshAuthority } from "./mesh-authority.ts";
import { MeshSigner } from "./mesh-signer.ts";
import { createSignerMetrics } from "./signer-metrics.ts";

/** Its part of the extender's settings. */
export const signerSettings = {
  meshAuthoritySecret: z
    .string()
    .optional()
    .describe(
      "Secret in the lease's namespace to make and keep the mesh's authority in; without it no proxy is certified",
    ),
  meshRoots: z
    .string()
    .default("berth-mesh-roots")
    .describe("ConfigMap in that namespace by which proxies learn whom to trust"),
  trustDomain: z
    .string()
    .refine(isTrustDomain, { error: "lower case letters, digits, dots, dashes and underscores" })
    .default(DEFAULT_TRUST_DOMAIN)
    .describe("trust domain of apps' identities: spiffe://DOMAIN/ns/NAMESPACE/app/NAME"),
  proxyServiceAccount: z
    .string()
    .default("berth-proxy")
    .describe("service account in that namespace by which node proxies ask for certificates"),
};

export interface LeaderSignerOptions {
  readonly settings: z.infer<z.ZodObject<typeof signerSettings>> & { readonly leaseNamespace: string };
  readonly connection: KubeConnection;
  readonly ledger: ClusterLedger;
  readonly registry: Registry;
  readonly logger: Logger;
  /** Leads, and its view of the cluster can be trusted. */
  readonly mayAct: () => boolean;
}

export function leaderSigner({
  settings,
  connection,
  registry,
  ...shared
}: LeaderSignerOptions): MeshSigner | undefined {
  const { meshAuthoritySecret: secret, meshRoots: configMap, leaseNamespace: namespace } = settings;
  if (secret === undefined) return undefined;
  const { trustDomain, proxyServiceAccount } = settings;
  const clock = systemClock();
  const { logger } = shared;
  return new MeshSigner({
    ...shared,
    connection,
    authority: new MeshAuthority({ connection, namespace, secret, configMap, clock, logger }),
    rules: { trustDomain, proxyUsername: `system:serviceaccount:${namespace}:${proxyServiceAccount}` },
    metrics: (waiting) => createSignerMetrics(registry, waiting),
    clock,
    random: Math.random,
  });
}
