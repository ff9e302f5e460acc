// Pods that the webhook has to have changed, on a machine that may be too slow for it: its failurePolicy is Ignore, so that
// the API server goes on without an answer that takes longer than two seconds.

import assert from "node:assert/strict";
import { PODS, resourcePath } from "#kube/resource-path.ts";
import type { TestCluster } from "./test-cluster.ts";
import { failedOpen } from "./webhook-calls.ts";

const INJECTED = "berth.dev/injected";

interface CreatedPod {
  readonly metadata: {
    readonly name: string;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly deletionTimestamp?: string;
  };
  readonly spec: { readonly nodeName?: string };
}

export interface ExpectedPods {
  readonly namespace: string;
  readonly labelSelector: string;
  readonly count: number;
}

/** When all of them are bound, and injected; otherwise as `injected`. */
export function boundAndInjected(cluster: TestCluster, expected: ExpectedPods): Promise<number> {
  return injectedAnd(cluster, expected, ({ spec }) => spec.nodeName !== undefined);
}

/**
 * When all of them are injected. Those that were let through are deleted, for their owner to make them anew, as
 * docs/guides/troubleshoot.md says. Returns how many they were.
 *
 * @throws AssertionError if they are more than the calls that the API server counts as given up: the webhook answered, and
 * did not inject.
 */
export function injected(cluster: TestCluster, expected: ExpectedPods): Promise<number> {
  return injectedAnd(cluster, expected, () => true);
}

async function injectedAnd(
  cluster: TestCluster,
  { namespace, labelSelector, count }: ExpectedPods,
  isThere: (pod: CreatedPod) => boolean,
): Promise<number> {
  const letThrough = new Set<string>();
  await cluster.until(async () => {
    const pods = (await cluster.pods(namespace, { labelSelector })) as readonly CreatedPod[];
    const plain = pods.filter(
      ({ metadata }) =>
        metadata.annotations?.[INJECTED] !== "true" && metadata.deletionTimestamp === undefined,
    );
    for (const { metadata } of plain) {
      letThrough.add(metadata.name);
      await cluster.connection.delete(resourcePath({ ...PODS, namespace, name: metadata.name }));
    }
    return plain.length === 0 && pods.length === count && pods.every(isThere);
  }, `${count} pods to be injected, and there`);
  const given = letThrough.size === 0 ? 0 : await failedOpen(cluster);
  assert.ok(letThrough.size <= given, `${letThrough.size} pods not injected, ${given} calls given up`);
  return letThrough.size;
}
