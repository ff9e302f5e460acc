// Everything that is known of one app's mesh and where it comes from: its profile, pods and the proxies' shares from the
// API; what was learned and used from the recommender that leads; what was refused from the proxies themselves. The API has
// to answer; of the others, what cannot be had is said.

import type { KubeConnection } from "#kube/connection.ts";
import { isNotFound } from "#kube/api-error.ts";
import { DecodeError } from "#kube/decode-pod.ts";
import { listPages } from "#kube/list-pages.ts";
import { type MeshProfileObject, parseMeshProfile } from "#kube/mesh-profile-schema.ts";
import { MESH_PROFILES, PODS, resourcePath } from "#kube/resource-path.ts";
import { PROXY_LABEL, splitAppName } from "#model/app.ts";
import type { AppName, NodeName } from "#model/brand.ts";
import type { LedgerView } from "#model/ledger.ts";
import { OperationError } from "#runtime/operation-error.ts";
import { UsageError } from "#runtime/usage-error.ts";
import { decodeProxyPod, type ProxyPod } from "#vpa-recommender/shell/proxy-pod.ts";
import type { AppReply } from "#vpa-recommender/shell/usage-api.ts";
import type { FleetView } from "#web/policy/fleet-figures.ts";
import { askLeader } from "../ask-part.ts";
import { readFleet } from "../fleet/read-fleet.ts";
import { RECOMMENDER_PART } from "../part-ports.ts";
import { type ProxyScrapes, scrapeProxies } from "../proxy-scrapes.ts";

export interface AppFacts {
  readonly app: AppName;
  /** Undefined if it has no profile of its own. */
  readonly profile: MeshProfileObject | undefined;
  readonly fleet: FleetView & { readonly ledger: Pick<LedgerView, "nodesOfApp"> };
  /** Of each node that hosts the app: the newest proxy that is bound there. */
  readonly proxies: ReadonlyMap<NodeName, ProxyPod>;
  readonly told: AppReply | undefined;
  readonly scrapes: ProxyScrapes<ProxyPod>;
  /** What could not be had, and why. */
  readonly missing: readonly string[];
}

const PAGE_SIZE = 500;

/** @throws UsageError for an app that has neither pods nor a profile, and for an API server that does not answer. */
export async function readAppFacts(
  connection: KubeConnection,
  app: AppName,
  berthNamespace: string,
): Promise<AppFacts> {
  const fleet = await readFleet(connection);
  const nodes = new Set([...fleet.ledger.nodesOfApp(app)].map(({ name }) => name));
  const proxies = (): Promise<AppFacts["proxies"]> => readProxies(connection, nodes);
  return completeAppFacts(connection, { app, fleet, proxies, berthNamespace });
}

export interface KnownFacts extends Pick<AppFacts, "app" | "fleet"> {
  readonly proxies: () => Promise<AppFacts["proxies"]>;
  readonly berthNamespace: string;
}

/**
 * The same for whoever has the fleet already, and knows its proxies.
 *
 * @throws what `readAppFacts` throws.
 */
export async function completeAppFacts(
  connection: KubeConnection,
  { app, fleet, proxies: readTheProxies, berthNamespace }: KnownFacts,
): Promise<AppFacts> {
  const profile = await readProfile(connection, app);
  const isKnown = [...fleet.ledger.nodesOfApp(app)].length > 0 || waits(app, fleet);
  if (profile === undefined && !isKnown)
    throw new UsageError(
      `there is no app ${app}: no mesh pod has it as its label berth.dev/app or app.kubernetes.io/name, and it has no MeshProfile; berth top apps lists those that there are`,
    );
  const proxies = await readTheProxies();
  const missing: string[] = [];
  const told = await askRecommender(connection, app, { berthNamespace, missing });
  const scrapes = await scrapeProxies(connection, [...proxies.values()]);
  if (scrapes.refusal !== undefined)
    missing.push(`what the proxies refused and held back (${scrapes.refusal})`);
  return { app, profile, fleet, proxies, told, scrapes, missing };
}

function waits(app: AppName, { pods }: AppFacts["fleet"]): boolean {
  for (const pod of pods) if (pod.app === app && !pod.isFinished) return true;
  return false;
}

async function readProfile(
  connection: Pick<KubeConnection, "get">,
  app: AppName,
): Promise<MeshProfileObject | undefined> {
  try {
    return parseMeshProfile(await connection.get(resourcePath({ ...MESH_PROFILES, ...splitAppName(app) })));
  } catch (error) {
    if (isNotFound(error)) return undefined;
    if (error instanceof DecodeError || error instanceof OperationError)
      throw new UsageError(`the profile of ${app} cannot be read: ${error.message}`, { cause: error });
    throw error;
  }
}

async function readProxies(
  connection: KubeConnection,
  nodes: ReadonlySet<NodeName>,
): Promise<ReadonlyMap<NodeName, ProxyPod>> {
  const proxies = new Map<NodeName, ProxyPod>();
  const pages = listPages(connection, {
    path: resourcePath(PODS),
    query: { labelSelector: PROXY_LABEL },
    pageSize: PAGE_SIZE,
  });
  for await (const { items } of pages) {
    for (const raw of items) {
      const proxy = decodeProxyPod(raw);
      const { nodeName } = proxy;
      if (nodeName === undefined || !nodes.has(nodeName)) continue;
      const known = proxies.get(nodeName);
      if (known === undefined || isRather(proxy, known)) proxies.set(nodeName, proxy);
    }
  }
  return proxies;
}

// During an upgrade there are two: the newest that is ready carries the node's traffic.
function isRather(proxy: ProxyPod, known: ProxyPod): boolean {
  if (proxy.isReady !== known.isReady) return proxy.isReady;
  return proxy.createdAtMs > known.createdAtMs;
}

async function askRecommender(
  connection: Pick<KubeConnection, "get">,
  app: AppName,
  { berthNamespace, missing }: { readonly berthNamespace: string; readonly missing: string[] },
): Promise<AppReply | undefined> {
  const { namespace, name } = splitAppName(app);
  const path = `/apps/${encodeURIComponent(namespace)}/${encodeURIComponent(name)}`;
  try {
    const question = { part: RECOMMENDER_PART, namespace: berthNamespace, path };
    return (await askLeader(connection, question)) as AppReply;
  } catch (error) {
    if (!(error instanceof OperationError) && !(error instanceof UsageError)) throw error;
    missing.push(`what the recommender learned and measured (${error.message})`);
    return undefined;
  }
}
