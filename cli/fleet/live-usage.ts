// What proxies and instances use now: as the recommender's leader read it last, which asks every proxy anyway; where
// nobody leads, what metrics.k8s.io says of the proxies as wholes.

import { ZodError } from "zod";
import type { KubeConnection } from "#kube/connection.ts";
import { OperationError } from "#runtime/operation-error.ts";
import { UsageError } from "#runtime/usage-error.ts";
import type { Recommendation } from "#vpa-recommender/policy/recommendation.ts";
import type { UsageReply } from "#vpa-recommender/shell/usage-api.ts";
import { readProxyUsage } from "#vpa-recommender/shell/usage-source.ts";
import { type FleetUsage, NO_USAGE } from "#web/policy/fleet-figures.ts";
import { askLeader } from "../ask-part.ts";
import { RECOMMENDER_PART } from "../part-ports.ts";
import type { Fleet } from "./read-fleet.ts";

export interface LiveUsage extends FleetUsage {
  /** Why usage is not known, or not all of it; undefined where it is. */
  readonly missing: string | undefined;
}

/** Never fails: a table without usage is better than none. */
export async function readLiveUsage(
  connection: KubeConnection,
  fleet: Pick<Fleet, "pods">,
  {
    berthNamespace: namespace,
    byInstance,
  }: { readonly berthNamespace: string; readonly byInstance: boolean },
): Promise<LiveUsage> {
  const ask = (path: string, query = {}): Promise<unknown> =>
    askLeader(connection, { part: RECOMMENDER_PART, namespace, path, query });
  try {
    const [usage, sizes] = await Promise.all([
      ask("/usage", { instances: String(byInstance) }) as Promise<UsageReply>,
      ask("/recommendations") as Promise<{ readonly items: readonly Recommendation[] }>,
    ]);
    const told = usage.items.flatMap(({ node, instances }) =>
      instances === null || instances === undefined ? [] : [[node, instances] as const],
    );
    return {
      proxies: new Map(usage.items.map((item) => [item.node, item])),
      instances: new Map(told),
      required: new Map(sizes.items.map(({ node, required }) => [node, required])),
      missing: usage.items.length === 0 ? "the recommender has read no proxy's usage yet" : undefined,
    };
  } catch (error) {
    if (!(error instanceof OperationError) && !(error instanceof UsageError)) throw error;
    return readTotals(connection, fleet, error.message);
  }
}

async function readTotals(
  connection: KubeConnection,
  { pods }: Pick<Fleet, "pods">,
  refusal: string,
): Promise<LiveUsage> {
  try {
    const usage = await readProxyUsage(connection);
    const used = new Map(usage.map((pod) => [`${pod.namespace}/${pod.name}`, pod.used]));
    const proxies = pods.flatMap(({ namespace, name, nodeName }) => {
      const of = used.get(`${namespace}/${name}`);
      return of === undefined || nodeName === undefined ? [] : [[nodeName, of] as const];
    });
    const missing = `only what whole proxies use is known, from metrics.k8s.io: ${refusal}`;
    return { ...NO_USAGE, proxies: new Map(proxies), missing };
  } catch (error) {
    if (!(error instanceof OperationError) && !(error instanceof ZodError)) throw error;
    return { ...NO_USAGE, missing: `what is used is not known: ${refusal}` };
  }
}
