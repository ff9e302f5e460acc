// How an app stands, for the UI: as `berth explain app` says it, but of the fleet that is watched anyway, and asking the API
// for no more proxies than are shown.

import type { KubeConnection } from "#kube/connection.ts";
import { isNotFound } from "#kube/api-error.ts";
import { PODS, resourcePath } from "#kube/resource-path.ts";
import type { AppName, NodeName } from "#model/brand.ts";
import { Limiter } from "#runtime/limiter.ts";
import { OperationError } from "#runtime/operation-error.ts";
import { UsageError } from "#runtime/usage-error.ts";
import { decodeProxyPod, type ProxyPod } from "#vpa-recommender/shell/proxy-pod.ts";
import type { AppExplanation } from "#web/policy/app-explanation.ts";
import type { ClusterState } from "#web/shell/cluster-state.ts";
import { appExplanation } from "../explain/app-explanation.ts";
import { completeAppFacts } from "../explain/app-facts.ts";

/** Those with most of the app's pods; each is a request to the API server and one to the proxy. */
const PROXIES_READ_MAX = 32;
const READ_AT_ONCE_MAX = 8;

/** @throws OperationError for an app that there is not, and for an API server that does not answer. */
export async function readApp(
  connection: KubeConnection,
  app: string,
  { cluster, namespace }: { readonly cluster: ClusterState; readonly namespace: string },
): Promise<AppExplanation> {
  const name = app as AppName;
  const { leftOut, pods } = cluster.fleet;
  const known = {
    app: name,
    fleet: { ledger: cluster.ledger, pods, leftOut },
    proxies: () => readProxies(connection, cluster, name),
    berthNamespace: namespace,
  };
  try {
    return appExplanation(await completeAppFacts(connection, known));
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    throw new OperationError("NoSuchApp", error.message, { cause: error });
  }
}

async function readProxies(
  connection: KubeConnection,
  { ledger }: ClusterState,
  app: AppName,
): Promise<ReadonlyMap<NodeName, ProxyPod>> {
  const nodes = [...ledger.nodesOfApp(app)]
    .toSorted((a, b) => (b.appPods.get(app) ?? 0) - (a.appPods.get(app) ?? 0))
    .slice(0, PROXIES_READ_MAX);
  const limiter = new Limiter(READ_AT_ONCE_MAX);
  const found = await Promise.all(
    nodes.flatMap((node) =>
      // Two during an upgrade: the one that is ready carries the traffic.
      [...node.proxies.values()]
        .toSorted((a, b) => Number(b.proxy?.isReady) - Number(a.proxy?.isReady))
        .slice(0, 1)
        .map(({ namespace, name }) =>
          limiter.run(async () => {
            const raw = await get(connection, resourcePath({ ...PODS, namespace, name }));
            return raw === undefined ? [] : [[node.name, decodeProxyPod(raw)] as const];
          }),
        ),
    ),
  );
  return new Map(found.flat());
}

// One that went in between has nothing to say.
async function get(connection: KubeConnection, path: string): Promise<unknown> {
  try {
    return await connection.get(path);
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}
