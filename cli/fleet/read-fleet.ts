// A cluster as `berth status` and `berth top` see it: the ledger that the components keep, filled once from the API.

import { decodeMeshProfile } from "#kube/mesh-profile-schema.ts";
import { DecodeError, decodePod } from "#kube/decode-pod.ts";
import { decodeNode } from "#kube/decode-node.ts";
import type { KubeConnection } from "#kube/connection.ts";
import { listPages } from "#kube/list-pages.ts";
import { MESH_PROFILES, NODES, PODS, type ResourceKind, resourcePath } from "#kube/resource-path.ts";
import type { PodView } from "#model/cluster-view.ts";
import { ClusterLedger } from "#model/ledger.ts";
import { OperationError } from "#runtime/operation-error.ts";
import { UsageError } from "#runtime/usage-error.ts";

const PAGE_SIZE = 500;
/** Of each kind; a cluster of 5,000 nodes has a third of it in pods. */
const OBJECTS_MAX = 500_000;

export interface Fleet {
  readonly ledger: ClusterLedger;
  readonly pods: readonly PodView[];
  /** Objects that could not be read, and were left out. */
  readonly leftOut: number;
}

/** @throws UsageError for an API server that does not list them. */
export async function readFleet(connection: Pick<KubeConnection, "request">): Promise<Fleet> {
  try {
    return await listed(connection);
  } catch (error) {
    if (!(error instanceof OperationError)) throw error;
    throw new UsageError(`the API server does not list nodes, pods and profiles: ${error.message}`, {
      cause: error,
    });
  }
}

async function listed(connection: Pick<KubeConnection, "request">): Promise<Fleet> {
  const ledger = new ClusterLedger();
  const pods: PodView[] = [];
  let leftOut = 0;
  const take = async (kind: ResourceKind, use: (raw: unknown) => void): Promise<void> => {
    let count = 0;
    for await (const { items } of listPages(connection, { path: resourcePath(kind), pageSize: PAGE_SIZE })) {
      count += items.length;
      if (count > OBJECTS_MAX)
        throw new OperationError("TooMany", `there are more than ${OBJECTS_MAX} ${kind.resource}`);
      for (const raw of items) leftOut += taken(use, raw) ? 0 : 1;
    }
  };
  await take(NODES, (raw) => ledger.upsertNode(decodeNode(raw)));
  await take(MESH_PROFILES, (raw) => ledger.setProfile(decodeMeshProfile(raw)));
  await take(PODS, (raw) => {
    const pod = decodePod(raw);
    pods.push(pod);
    ledger.upsertPod(pod);
  });
  return { ledger, pods, leftOut };
}

// One object that makes no sense is no reason to show nothing.
function taken(use: (raw: unknown) => void, raw: unknown): boolean {
  try {
    use(raw);
    return true;
  } catch (error) {
    if (error instanceof DecodeError) return false;
    throw error;
  }
}
