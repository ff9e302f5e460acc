// What kube-scheduler and others told of a pod, as its Events have it.

import type { PodView } from "#model/cluster-view.ts";
import type { TestCluster } from "./test-cluster.ts";

/** The messages of one reason. */
export async function eventsOf(
  { connection }: TestCluster,
  { namespace, name }: Pick<PodView, "namespace" | "name">,
  reason: string,
): Promise<readonly string[]> {
  const { items } = (await connection.get(`/api/v1/namespaces/${namespace}/events`, {
    fieldSelector: `reason=${reason},involvedObject.name=${name}`,
  })) as { readonly items: readonly { readonly message: string }[] };
  return items.map(({ message }) => message);
}
