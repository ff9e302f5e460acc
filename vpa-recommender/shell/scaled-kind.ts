// Where objects of a kind that Berth does not know are found, by what the API server says of itself, and whether they can
// be scaled.

import { z } from "zod";
import { isNotFound } from "#kube/api-error.ts";
import type { KubeConnection } from "#kube/connection.ts";
import type { ResourceKind } from "#kube/resource-path.ts";

export type ScaledKind = ResourceKind;

// Keys that Berth does not read are the API's business.
const resourceList = z.object({
  resources: z.array(z.object({ name: z.string(), kind: z.string(), namespaced: z.boolean() })),
});

const API_VERSION = /^(?:([a-z0-9.-]+)\/)?(v[a-z0-9]+)$/;

/**
 * The kind's place, or what is wrong with it.
 *
 * @throws OperationError if the API server is away or refuses.
 */
export async function scaledKind(
  connection: Pick<KubeConnection, "get">,
  apiVersion: string,
  kind: string,
): Promise<ScaledKind | string> {
  const [, group, version] = API_VERSION.exec(apiVersion) ?? [];
  if (version === undefined) return "that is no group and version";
  let answer: unknown;
  try {
    answer = await connection.get(group === undefined ? `/api/${version}` : `/apis/${group}/${version}`);
  } catch (error) {
    if (isNotFound(error)) return "the API server serves no such group and version";
    throw error;
  }
  const resources = resourceList.safeParse(answer).data?.resources ?? [];
  const scaled = (name: string): boolean => resources.some((other) => other.name === `${name}/scale`);
  const own = resources.find((one) => one.kind === kind && !one.name.includes("/"));
  if (own === undefined) return "the API server serves no such kind";
  if (!own.namespaced || !scaled(own.name)) return "it has no scale subresource, which names a kind's pods";
  return { ...(group !== undefined && { group }), version, resource: own.name };
}
