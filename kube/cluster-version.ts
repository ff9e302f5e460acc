// Which Kubernetes the API server is, asked once at the start, and what a component does without there: one line each.

import { z } from "zod";
import {
  KUBERNETES_FEATURES,
  type KubernetesFeatureName,
  type KubernetesVersion,
  missingFeatures,
  MINOR_NEWEST,
  MINOR_OLDEST,
} from "#model/kubernetes-features.ts";
import type { Logger } from "#runtime/logger.ts";
import { OperationError } from "#runtime/operation-error.ts";
import { UsageError } from "#runtime/usage-error.ts";
import type { KubeConnection } from "./connection.ts";

export interface WantedFeatures {
  /** Without one of these something works less well. */
  readonly wanted: readonly KubernetesFeatureName[];
  /** Without one of these nothing of what was asked for would work; with the way out. */
  readonly needed: readonly { readonly feature: KubernetesFeatureName; readonly remedy: string }[];
}

/** An API server that is away is found out by whoever needs it more; nobody waits longer than this to learn a version. */
const VERSION_MS_MAX = 5_000;

// Providers write "33+". Keys that Berth does not read are the API's business.
const versionSchema = z.object({
  major: z.string().regex(/^\d+/),
  minor: z.string().regex(/^\d+/),
  gitVersion: z.string(),
});

/**
 * Says what is missing in the log.
 *
 * @throws UsageError if what was asked for cannot work on this version at all.
 */
export async function checkClusterVersion(
  connection: Pick<KubeConnection, "request">,
  { wanted, needed }: WantedFeatures,
  logger: Logger,
): Promise<void> {
  const found = await clusterVersion(connection, logger);
  if (found === undefined) return;
  const { gitVersion: kubernetes } = found;
  for (const { feature, remedy } of needed) {
    if (missingFeatures(found, [feature]).length === 0) continue;
    const { name, betaMinor, without } = KUBERNETES_FEATURES[feature];
    throw new UsageError(
      `this cluster is Kubernetes ${kubernetes}, and ${name} came with 1.${betaMinor}: ${without}; ${remedy}`,
    );
  }
  for (const feature of missingFeatures(found, wanted)) {
    const { name, gate, betaMinor, without } = KUBERNETES_FEATURES[feature];
    const since = `1.${betaMinor}`;
    logger.warn({ kubernetes, feature: name, gate, since, without }, "this Kubernetes lacks a feature");
  }
  const isKnown = found.major === 1 && found.minor >= MINOR_OLDEST && found.minor <= MINOR_NEWEST;
  const range = `1.${MINOR_OLDEST} to 1.${MINOR_NEWEST}`;
  if (isKnown) logger.info({ kubernetes }, "the cluster's version");
  else logger.warn({ kubernetes, madeFor: range }, "a version of Kubernetes that Berth was not made for");
}

async function clusterVersion(
  connection: Pick<KubeConnection, "request">,
  logger: Logger,
): Promise<(KubernetesVersion & { readonly gitVersion: string }) | undefined> {
  try {
    const answer = await connection.request({ method: "GET", path: "/version", timeoutMs: VERSION_MS_MAX });
    const { major, minor, gitVersion } = versionSchema.parse(answer);
    return { major: Number.parseInt(major, 10), minor: Number.parseInt(minor, 10), gitVersion };
  } catch (error) {
    if (!(error instanceof OperationError) && !(error instanceof z.ZodError)) throw error;
    logger.info({ error: error.message }, "the cluster's version is not known");
    return undefined;
  }
}
